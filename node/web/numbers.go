package web

import "maillon/catalog/texts"

// Numbers are contracts in numbers: figures, tables with their bars, lists. They are
// a page of their own and parts of those of buyers, suppliers and territories.
type Numbers struct {
	Total     int
	Period    string   // in words; "" if none is known
	Sentences []string // what they say, in plain words
	Figures   []Figure
	Map       TileMap
	MapTitle  string
	Outline   *OutlineMap // instead of Map, where outlines were imported
	Blocks    []Block
	Targets   []Target
	Finances  []Finances
	Compared  *Comparison
	Lists     []ContractList // before the tables
	After     []ContractList // after them
	Facts     []Indicator
	NotGiven  []NotGiven
	Contracts string // the contracts themselves
	Files     []FileRow
}

// An OutlineMap is a picture of amounts in the parts of a territory.
type OutlineMap struct{ URL, Alt string }

// A Figure is a number with its name.
type Figure struct{ Label, Value, Note string }

// A Block is a table of groups of contracts, each with a bar.
type Block struct {
	ID, Title, Text string
	By              string   // head of the first column
	Head            []string // of the others
	Rows            []BlockRow
	More            int    // groups left out
	Note            string // how many contracts lack the number
	CSV, SVG        string // the same numbers, and a picture of them
}

// A BlockRow is one group. Share is the length of its bar: 0 to 100.
type BlockRow struct {
	Label, URL string
	Cells      []string
	Share      int
}

// A ContractList is some contracts with a reason to be shown.
type ContractList struct {
	ID, Title, Lead, None string
	Items                 []ContractRow
	More                  string // all of them
	Total                 int
}

// An Indicator is a number with what one needs to know to believe it.
type Indicator struct {
	Text, Value, Definition string
	N, Missing              int
	Rate                    int // of the missing, in percent
}

// A NotGiven is a number that the data cannot tell, and why.
type NotGiven struct{ Text, Reason string }

// A Target is what a buyer set itself for a year, beside what it reached. AimAt and At
// are lengths of the bar, 0 to 100.
type Target struct {
	Label, Definition  string
	Year               int
	Aim, Actual, State string
	AimAt, At          int
	N, Missing, Rate   int // Rate: of the missing, in percent
	Source             string
}

// A Comparison sets the same numbers of several groups side by side.
type Comparison struct {
	Lead string
	Head []string
	Rows []ComparedRow
}

// A ComparedRow is one number in each group.
type ComparedRow struct {
	Label string
	Cells []ComparedCell
}

// A ComparedCell is a number and whose it is.
type ComparedCell struct{ Whose, Value string }

// NumbersPage is contracts in numbers for one kind of reader: Who is acheteur,
// entreprise, elu, citoyen, territoire, or "" for any.
type NumbersPage struct {
	Who         string
	Name, Lead  string
	Action      string // where the form leads; "" for no form
	Fields      []AskField
	Active      []ActiveFilter
	Numbers     Numbers
	Asked       bool // there is something to show
	Links       []FileRow
	Embed       string // this page for a frame
	Unavailable string // why there is nothing
}

// An AskField is a field of the form.
type AskField struct {
	Name, Label, Hint, Value string
	Options                  []Option // a choice, if any
}

func (NumbersPage) name() string { return "numbers" }

func (p NumbersPage) title(lang texts.Lang) string {
	if p.Name != "" {
		return p.Name + " – " + texts.T(lang, "numbers.short")
	}
	return texts.T(lang, "numbers."+p.Who+".title")
}

func (NumbersPage) embeddable() {}

// ProfilesPage leads each kind of reader to what is for them.
type ProfilesPage struct{ Profiles []Profile }

// A Profile is one kind of reader.
type Profile struct{ Title, Lead, URL string }

func (ProfilesPage) name() string { return "profiles" }

func (ProfilesPage) title(lang texts.Lang) string { return texts.T(lang, "numbers.profiles.title") }
