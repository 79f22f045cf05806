// Package entry defines what a journal holds: an entry is a small signed-over
// header and, beside it, a body that can be erased.
//
// The header is a leaf of the Merkle tree and is never changed. The body
// travels beside the tree; the header commits to it by the SHA-256 of
// salt‖body. The salt keeps an erased body from being guessed.
package entry

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"maillon/catalog/pivot"
)

// Limits of an entry, in bytes.
const (
	MaxHeader = 1024
	MaxBody   = 4 << 20
	SaltSize  = 16
)

// Op says what an entry does.
type Op string

// The operations.
const (
	Put       Op = "put"       // a record, in the body
	Withdraw  Op = "withdraw"  // the record put at Target is no longer published; its history stays
	Redact    Op = "redact"    // the body put at Target is erased, here and in every mirror
	Statement Op = "statement" // something the node says itself, in the body: kind member, head, dataset, succession or decision
)

// Kinds of statements. The kinds of records are those of package pivot.
const (
	KindMember  = "member"  // a [Member]: whom a hub admits, and what it knows of it
	KindDataset = "dataset" // a [Dataset]: what a foreign catalogue says of a dataset
	KindHead    = "head"    // a [Head]: a checkpoint of another journal that this node has verified and mirrors

	KindSuccession = "succession" // a [Succession]: a body that goes on as another
	KindDecision   = "decision"   // a [Decision]: what an operator decided where sources contradict each other
)

// A Header is an entry's leaf, in JSON, at most [MaxHeader] bytes.
type Header struct {
	V      int       `json:"v"` // 1
	Op     Op        `json:"op"`
	Kind   string    `json:"kind,omitempty"` // a pivot.Kind, or a statement's kind
	Key    string    `json:"key,omitempty"`  // record: buyer SIRET "/" id as written; statement: the node id it is about
	Source *Source   `json:"source,omitempty"`
	Target *uint64   `json:"target,omitempty"` // withdraw, redact: index of the entry in the same journal
	Reason string    `json:"reason,omitempty"` // withdraw, redact
	At     time.Time `json:"at"`               // receipt, UTC, whole seconds
	Body   string    `json:"body,omitempty"`   // hex SHA-256 of salt‖body; "" if there is no body
}

// A Source says where in which deposit a record stood.
type Source struct {
	Deposit string     `json:"deposit"`
	Series  string     `json:"series"`
	Pointer string     `json:"pointer"`
	Form    pivot.Form `json:"form"`
}

// An Entry is one item of a journal, in its exact bytes.
type Entry struct {
	Header []byte // JSON of a Header
	Salt   []byte // SaltSize bytes; nil if there is no body or it was erased
	Body   []byte // nil if there is no body or it was erased
}

// A Ref names one entry among all journals.
type Ref struct {
	Node  string `json:"node"`  // node id of the journal's owner
	Epoch int    `json:"epoch"` // its journal's epoch, from 0
	Index uint64 `json:"index"`
}

// A Member is the body of a statement of kind [KindMember]: what a hub says
// of a node it knows. The newest one of a node counts.
type Member struct {
	Node      string   `json:"node"`
	Key       string   `json:"key"`   // note verifier key of the node's journal and announcements
	Epoch     int      `json:"epoch"` // epoch of its journal
	State     string   `json:"state"` // accepted, suspended
	Level     string   `json:"level"`
	Geozone   string   `json:"geozone"`
	Name      string   `json:"name"`
	URL       string   `json:"url"`                 // public base, without trailing slash
	Contact   string   `json:"contact,omitempty"`   // e-mail
	Hub       string   `json:"hub,omitempty"`       // node id of the hub that admits it, if not the speaker
	IsHub     bool     `json:"isHub,omitempty"`     // it admits members itself
	Publishes []string `json:"publishes,omitempty"` // SIRETs of the buyers it may publish for beside itself; "*" for any
	Mode      string   `json:"mode,omitempty"`      // "light" if it can only be reached by its own connections to the hub; "" is full
	Storage   string   `json:"storage,omitempty"`   // "hub" if the hub serves its journal and files; "" is itself
	Base      string   `json:"base,omitempty"`      // of its public IRIs, if not URL
	Charter   string   `json:"charter,omitempty"`   // the signed note that admits it; "" if it was accepted by hand
	PastKeys  []string `json:"pastKeys,omitempty"`  // verifier keys of the same epoch that its charter has replaced, oldest first
	Reason    string   `json:"reason,omitempty"`    // why it is suspended
	Evidence  []string `json:"evidence,omitempty"`  // two checkpoints that do not agree
}

// A Dataset is the body of a statement of kind [KindDataset]: what a foreign
// catalogue says of one of its datasets, as harvested. The statement's key is
// [DatasetKey]; the newest one of a key counts.
type Dataset struct {
	Source  string   `json:"source"`            // address of the catalogue
	Dataset string   `json:"dataset"`           // IRI of the dataset, or its identifier there
	Gone    bool     `json:"gone,omitempty"`    // the catalogue has it no more
	Through []string `json:"through,omitempty"` // ids of the nodes that it came through before, as the catalogue says
	Triples string   `json:"triples,omitempty"` // all that the catalogue says of it, as sorted N-Triples
}

// DatasetKey is the key of statements about a dataset of a source: 32
// hexadecimal digits, since both names may be longer than a header.
func DatasetKey(source, dataset string) string {
	sum := sha256.Sum256([]byte(source + "\x00" + dataset))
	return hex.EncodeToString(sum[:16])
}

// A Head is the body of a statement of kind [KindHead].
type Head struct {
	Node       string `json:"node"`
	Epoch      int    `json:"epoch"`
	Checkpoint string `json:"checkpoint"` // the signed note, byte for byte
}

// A Succession is the body of a statement of kind [KindSuccession]: a body that
// goes on as another, as when communes merge, an EPCI is dissolved or a town hall
// moves and its SIRET changes. The statement's key is [SuccessionKey]; the newest
// one of a key counts. Identities, histories and addresses of From stay, and To
// speaks for it.
type Succession struct {
	From   string `json:"from"`           // SIRET of the body that was
	To     string `json:"to"`             // SIRET of the body that goes on
	On     string `json:"on"`             // day from which To acts, YYYY-MM-DD
	Why    string `json:"why"`            // one of the Whys
	Reason string `json:"reason"`         // for people: the decision or arrêté
	Void   bool   `json:"void,omitempty"` // said in error: it does not count
}

// Why a body goes on as another.
const (
	WhyMove        = "move"        // same SIREN, another establishment
	WhyMerger      = "merger"      // communes nouvelles, EPCI that join
	WhyDissolution = "dissolution" // its competences go to others
)

// SuccessionKey is the key of statements about a succession.
func SuccessionKey(from, to string) string { return from + "/" + to }
