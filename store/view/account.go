package view

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// An Account says what has become of every entry that the views have taken
// from one journal. Nothing falls between: by operation the numbers add up to
// Entries, and the records by state add up to Puts.
type Account struct {
	Entries uint64 `json:"entries"` // taken in so far, from the first on

	Puts       uint64 `json:"puts"`
	Withdraws  uint64 `json:"withdraws"`
	Redacts    uint64 `json:"redacts"`
	Statements uint64 `json:"statements"`
	Unknown    uint64 `json:"unknown"` // operations of a newer program

	Conforming uint64 `json:"conforming"` // shown
	ToCorrect  uint64 `json:"toCorrect"`  // shown, with its problems
	Superseded uint64 `json:"superseded"` // another record of the same contract is shown
	Withdrawn  uint64 `json:"withdrawn"`
	Redacted   uint64 `json:"redacted"`
	Unread     uint64 `json:"unread"` // records of a kind that the views do not know
}

// Balanced reports whether the numbers add up.
func (a Account) Balanced() bool {
	return a.Puts+a.Withdraws+a.Redacts+a.Statements+a.Unknown == a.Entries &&
		a.Conforming+a.ToCorrect+a.Superseded+a.Withdrawn+a.Redacted+a.Unread == a.Puts
}

// A class is the state in which a record is counted.
type class byte

const (
	conforming class = 'c'
	toCorrect  class = 't'
	superseded class = 's'
	withdrawn  class = 'w'
	redacted   class = 'r'
)

// field is where a class is counted; nil for none.
func (a *Account) field(c class) *uint64 {
	switch c {
	case conforming:
		return &a.Conforming
	case toCorrect:
		return &a.ToCorrect
	case superseded:
		return &a.Superseded
	case withdrawn:
		return &a.Withdrawn
	case redacted:
		return &a.Redacted
	}
	return nil
}

// classOf counts a record; shown says that its contract shows it.
func classOf(r *record, shown bool) class {
	switch {
	case r.state == Redacted:
		return redacted
	case r.withdrawn:
		return withdrawn
	case !shown:
		return superseded
	case r.state == pivot.Conforming:
		return conforming
	}
	return toCorrect
}

// count takes an entry of the journal into its account.
func (b *applying) count(h entry.Header) error {
	a, err := b.account(b.j)
	if err != nil {
		return err
	}
	a.Entries++
	switch h.Op {
	case entry.Put:
		a.Puts++
		if !known(h) {
			a.Unread++
		}
	case entry.Withdraw:
		a.Withdraws++
	case entry.Redact:
		a.Redacts++
	case entry.Statement:
		a.Statements++
	default:
		a.Unknown++
	}
	return nil
}

// classify counts the records of a group anew, after it was consolidated.
func (b *applying) classify(rows []*record, contracts []groupContract) error {
	shown := map[entry.Ref]bool{}
	for i := range contracts {
		shown[contracts[i].shown()] = true
	}
	for _, r := range rows {
		now := classOf(r, shown[r.ref])
		if now == r.class {
			continue
		}
		a, err := b.account(Journal{r.ref.Node, r.ref.Epoch})
		if err != nil {
			return err
		}
		if n := a.field(r.class); n != nil {
			*n--
		}
		*a.field(now)++
		r.class, r.changed = now, true
	}
	return nil
}

// account is the account of a journal, to be changed; saveAccounts keeps it.
func (b *applying) account(j Journal) (*Account, error) {
	if a, ok := b.accounts[j]; ok {
		return a, nil
	}
	a, err := account(b.tx, j)
	if err != nil {
		return nil, err
	}
	b.accounts[j] = &a
	return &a, nil
}

func (b *applying) saveAccounts() error {
	for j, a := range b.accounts {
		if err := putJSON(b.tx.Bucket(accountBucket), journalKey(j), a); err != nil {
			return err
		}
	}
	return nil
}

func account(tx store.Tx, j Journal) (a Account, err error) {
	raw := tx.Bucket(accountBucket).Get(journalKey(j))
	if raw == nil {
		return a, nil
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("account of %s: %w", j.Node, err)
	}
	return a, nil
}

// Accounts is what has become of the entries of every journal taken in.
func (v *Views) Accounts() (map[Journal]Account, error) {
	out := map[Journal]Account{}
	err := v.db.View(func(tx store.Tx) error {
		for k := range tx.Bucket(accountBucket).Ascend(nil) {
			if len(k) < 5 {
				return fmt.Errorf("account of %q", k)
			}
			j := Journal{string(k[:len(k)-5]), int(binary.BigEndian.Uint32(k[len(k)-4:]))}
			a, err := account(tx, j)
			if err != nil {
				return err
			}
			out[j] = a
		}
		return nil
	})
	return out, err
}
