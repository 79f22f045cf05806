package web

import "maillon/catalog/texts"

// MovePage helps a body move over from what it publishes today, and says what has
// become of a file that it sent.
type MovePage struct {
	URL  string // of this node
	Most int64  // bytes of a file

	Done   bool // a file was compared: the fields below tell what was found
	File   string
	Lacks  int    // contracts of the file that the node does not have
	Error  string // why the file could not be read to its end
	Counts []MoveCount
	Items  []MoveRow
	Cut    bool
}

func (MovePage) name() string { return "move" }

func (MovePage) title(lang texts.Lang) string { return texts.T(lang, "web.move.title") }

// A MoveCount is how many contracts have come to a state, in words.
type MoveCount struct {
	State, Do string
	N         int
}

// A MoveRow is one contract that is not the same.
type MoveRow struct{ Title, Key, State, URL, Pointer, Fields string }

// Ways are the ways of publishing that the page tells of, as the texts name them.
func (MovePage) Ways() []string { return []string{"profile", "pes", "hand", "site", "hub"} }
