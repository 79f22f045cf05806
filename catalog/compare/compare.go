// Package compare says what has become of the contracts of a file that was published
// elsewhere until now: whether a node holds each of them, and as what.
//
// A record is looked for by its own bytes first, then by what it says, then by its
// buyer and id. An id may stand for several lots (decision 0020), so of the contracts
// under it the one that differs least is taken, and no contract is taken for two
// records that say different things while another is free. The package is pure.
package compare

import (
	"slices"

	"maillon/catalog/contract"
	"maillon/catalog/pivot"
)

// State is what has become of a record.
type State string

// The states of a record of the file, the worst first, and of a contract that the file
// does not have.
const (
	Unreadable State = "unreadable" // no node could hold it: without buyer or id, or not a contract
	Lacking    State = "lacking"    // the node has no contract of that buyer and id
	Withdrawn  State = "withdrawn"  // the node holds it as withdrawn or redacted
	Differs    State = "differs"    // the node shows other values
	Superseded State = "superseded" // the node holds this very record, and shows a newer one
	Same       State = "same"
	More       State = "more" // the node has it, the file does not
)

// States lists the states in their order.
func States() []State {
	return []State{Unreadable, Lacking, Withdrawn, Differs, Superseded, Same, More}
}

// A Held is a contract that the node has under a buyer and id.
type Held struct {
	Address   string
	Shown     pivot.Contract
	Hashes    []string // of every version, as text
	Withdrawn bool     // or redacted
}

// A Verdict is what has become of one record.
type Verdict struct {
	State   State
	Address string   // of the contract at the node; "" if it has none
	Fields  []string // legal names of what differs
}

// Judge finds a record among the contracts that the node has under its buyer and id.
// taken tells which addresses other records of the file were found at; of equal
// candidates a free one is preferred.
func Judge(hash string, said pivot.Contract, held []Held, taken func(address string) bool) Verdict {
	if len(held) == 0 {
		return Verdict{State: Lacking}
	}
	for _, h := range held {
		if hash != "" && slices.Contains(h.Hashes, hash) {
			return h.verdict(Superseded, contract.Differs(said, h.Shown))
		}
	}
	best, least, free := 0, -1, false
	var fields []string
	for i, h := range held {
		differs := contract.Differs(said, h.Shown)
		if isFree := !taken(h.Address); least < 0 || isFree && !free || isFree == free && len(differs) < least {
			best, least, free, fields = i, len(differs), isFree, differs
		}
		if len(differs) == 0 {
			return h.verdict(Same, nil)
		}
	}
	return held[best].verdict(Differs, fields)
}

func (h Held) verdict(s State, differs []string) Verdict {
	switch {
	case h.Withdrawn:
		return Verdict{Withdrawn, h.Address, nil}
	case len(differs) == 0:
		return Verdict{Same, h.Address, nil}
	}
	return Verdict{s, h.Address, differs}
}
