package pivot

// A jsonSkipper finds the end of a JSON value without checking it: it looks at
// strings and brackets only. It is how a record that is broken, too deep or
// too large is left behind, so that the rest of the file is not lost.
type jsonSkipper struct {
	depth   int
	inText  bool
	escaped bool // the byte before was a backslash
	scalar  bool // in a number or a word
}

// feed goes on in b, and gives the number of bytes that belong to the value
// and whether it ends there.
func (s *jsonSkipper) feed(b []byte) (int, bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case s.inText:
			if s.text(c) && s.depth == 0 {
				return i + 1, true
			}
		case c == '"':
			s.inText = true
		case c == '{' || c == '[':
			s.depth++
		case c == '}' || c == ']':
			if s.depth == 0 { // of what holds the value
				return i, true
			}
			if s.depth--; s.depth == 0 {
				return i + 1, true
			}
		case s.depth > 0:
		case c == ',' || c <= ' ' && s.scalar:
			return i, true
		default:
			s.scalar = s.scalar || c > ' '
		}
	}
	return len(b), false
}

// text goes on within a string and reports whether c ends it.
func (s *jsonSkipper) text(c byte) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case c == '\\':
		s.escaped = true
	case c == '"':
		s.inText = false
		return true
	}
	return false
}

// A jsonRoot is what the members of the root object say of the file.
type jsonRoot int

const (
	jsonRootUnknown jsonRoot = iota // no end in sight
	jsonRootFile                    // it has the list of contracts
	jsonRootRecord                  // it is a contract
	jsonRootWrapped                 // it has a list of contracts under another name
	jsonRootOther                   // neither
)

// jsonLook looks at the names in the root object that b begins with, up to
// the first that tells.
func jsonLook(b []byte) jsonRoot {
	i := 1
	for {
		i += jsonSpace(b[i:])
		if i < len(b) && b[i] == '}' {
			return jsonRootOther
		}
		if i < len(b) && b[i] != '"' {
			return jsonRootFile // the reading will say what is wrong
		}
		var name, value jsonSkipper
		n, done := name.feed(b[i:])
		if !done {
			return jsonRootUnknown
		}
		switch key := b[i+1 : i+n-1]; {
		case string(key) == jsonMarches:
			return jsonRootFile
		case jsonTells(key):
			return jsonRootRecord
		}
		i += n + jsonSpace(b[i+n:])
		if i < len(b) && b[i] != ':' {
			return jsonRootFile
		}
		i = min(i+1, len(b))
		if jsonIsList(b[i:]) {
			return jsonRootWrapped
		}
		n, done = value.feed(b[i:])
		if !done {
			return jsonRootUnknown
		}
		i += n + jsonSpace(b[i+n:])
		if i < len(b) && b[i] == ',' {
			i++
		}
	}
}

// jsonIsList reports whether b begins with a list whose first item is a
// contract.
func jsonIsList(b []byte) bool {
	b = b[jsonSpace(b):]
	if len(b) == 0 || b[0] != '[' {
		return false
	}
	b = b[1+jsonSpace(b[1:]):]
	return len(b) > 1 && b[0] == '{' && jsonLook(b) == jsonRootRecord
}

// jsonTells reports whether an object that has a member key is a contract.
func jsonTells(key []byte) bool {
	switch schemaNameID(key) {
	case nameBuyer, nameAuthority, nameObject, nameNature:
		return true
	}
	return false
}

func jsonSpace(b []byte) int {
	for i, c := range b {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return i
		}
	}
	return len(b)
}

// jsonMarches is the member of the root that holds the contracts.
const jsonMarches = "marches"

// jsonUndecided reports whether b begins with a list and is too short for
// jsonIsList to tell.
func jsonUndecided(b []byte) bool {
	if len(b) == 0 || b[0] != '[' || len(b) > jsonLookFar {
		return len(b) == 0
	}
	b = b[1+jsonSpace(b[1:]):]
	return len(b) < 2 || b[0] == '{' && jsonLook(b) == jsonRootUnknown
}

// jsonLookFar is how far a list is looked into for what its items are.
const jsonLookFar = 256 << 10
