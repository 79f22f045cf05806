package pivot

import (
	"fmt"
	"strings"

	"maillon/catalog"
)

// A Verdict is what the official schemas say of a record.
type Verdict struct {
	State    State
	Version  Version          // the newest that accepts the record, or the one with the fewest errors
	Problems catalog.Problems // by that version, and warnings on the content; pointers relative to the record
}

// Judge says whether the official schema accepts rec as deposited: by the
// newest version of its form that does; else the problems are those of the
// version with the fewest errors, the newest of these.
func Judge(rec Record) Verdict { return Verdict{State: ToCorrect} }

// JudgeBy lists what version v of the official schema and the rules on
// content say of rec. There is a problem of severity error exactly when the
// schema refuses the record.
func JudgeBy(rec Record, v Version) catalog.Problems { return nil }

// Versions lists the versions by which a record of form f can be judged,
// oldest first.
func Versions(f Form) []Version {
	switch f {
	case Flat:
		return []Version{V140, V150, V200}
	case Nested:
		return []Version{V201, V202, V203, V204}
	default:
		return []Version{V140, V150, V200, V201, V202}
	}
}

// ParseVersion reads the number of a version of the official schema, as in
// "2.0.3" or "v2.0.3".
func ParseVersion(s string) (Version, error) {
	known := []Version{V140, V150, V200, V201, V202, V203, V204}
	names := make([]string, len(known))
	for i, v := range known {
		if strings.TrimPrefix(s, "v") == string(v) {
			return v, nil
		}
		names[i] = string(v)
	}
	return "", fmt.Errorf("schema version %q is not known: use one of %s", s, strings.Join(names, ", "))
}
