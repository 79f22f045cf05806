package pivot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"maillon/catalog"
)

// A Complete is a contract with what is known of it: one line of the content
// complet, which holds every identified record whatever its state
// (docs/formats.md).
type Complete struct {
	Contract
	State      State
	Schema     Version          // by which the record was judged
	Problems   catalog.Problems // what the judgement found
	Repairs    []Repair         // what Normalise read differently
	Address    string           // stable address of the contract: "{buyer}/{id}"
	Hash       string           // of the record, in hexadecimal
	Node       string           // that received the record
	Journal    string           // origin of the journal that holds it
	Index      uint64           // of its entry in that journal
	ReceivedAt time.Time        // written in UTC, to the second; the zero time is not written
	Withdrawn  bool             // its publisher took it back
}

// WriteComplet writes items as NDJSON: one JSON object a line, in the order of
// items.
func WriteComplet(w io.Writer, items iter.Seq[Complete]) error {
	s := &writeSink{w: w}
	for c := range items {
		s.b = append(c.AppendJSON(s.b), '\n')
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.flush()
}

// MarshalJSON gives the line that [WriteComplet] writes.
func (c Complete) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// UnmarshalJSON reads such a line back.
func (c *Complete) UnmarshalJSON(b []byte) error {
	var known struct {
		State    State            `json:"etat"`
		Schema   Version          `json:"schema"`
		Problems catalog.Problems `json:"problemes"`
		Repairs  []Repair         `json:"reparations"`
		Address  string           `json:"adresse"`
		Hash     string           `json:"empreinte"`
		Gone     bool             `json:"retire"`
		Source   struct {
			Node    string    `json:"noeud"`
			Journal string    `json:"journal"`
			Index   uint64    `json:"index"`
			At      time.Time `json:"recuLe"`
		} `json:"source"`
	}
	*c = Complete{}
	if err := json.Unmarshal(b, &c.Contract); err != nil {
		return fmt.Errorf("read the contract of a line of complet: %w", err)
	}
	if err := json.Unmarshal(b, &known); err != nil {
		return fmt.Errorf("read a line of complet: %w", err)
	}
	c.State, c.Schema, c.Problems, c.Repairs = known.State, known.Schema, known.Problems, known.Repairs
	c.Address, c.Hash, c.Withdrawn = known.Address, known.Hash, known.Gone
	c.Node, c.Journal, c.Index, c.ReceivedAt = known.Source.Node, known.Source.Journal, known.Source.Index, known.Source.At
	return nil
}

// AppendJSON appends to b the contract's own fields, as its JSON keys name
// them, then what is known of it. The same Complete gives the same bytes.
func (c Complete) AppendJSON(b []byte) []byte {
	d := &writeDoc{b: append(b, '{'), form: Flat}
	completContract(d, &c.Contract)
	d.text("etat", string(c.State))
	d.text("schema", string(c.Schema))
	if c.Withdrawn {
		d.boolean("retire", &c.Withdrawn)
	}
	d.text("adresse", c.Address)
	d.text("empreinte", c.Hash)
	d.list("problemes", "", len(c.Problems), false, func(i int) {
		p := &c.Problems[i]
		d.must("pointer", p.Pointer)
		if p.Line != 0 {
			d.whole("line", &p.Line)
		}
		d.must("rule", p.Rule)
		d.must("severity", string(p.Severity))
		d.text("found", p.Found)
		d.text("expected", p.Expected)
	})
	d.list("reparations", "", len(c.Repairs), false, func(i int) {
		r := &c.Repairs[i]
		d.must("pointer", r.Pointer)
		d.must("rule", r.Rule)
		d.must("from", r.From)
		d.text("to", r.To)
	})
	if c.Node != "" || c.Journal != "" || !c.ReceivedAt.IsZero() {
		d.object("source", func() { completSource(d, &c) })
	}
	return append(d.b, '}')
}

func completSource(d *writeDoc, c *Complete) {
	d.text("noeud", c.Node)
	if c.Journal != "" {
		d.text("journal", c.Journal)
		d.key("index")
		d.b = strconv.AppendUint(d.b, c.Index, 10)
	}
	if !c.ReceivedAt.IsZero() {
		d.text("recuLe", c.ReceivedAt.UTC().Format(time.RFC3339))
	}
}

// completContract appends the fields of c under the keys of its JSON tags: what
// encoding/json would write, without its cost.
func completContract(d *writeDoc, c *Contract) {
	d.must("kind", string(c.Kind))
	d.key("generation")
	d.b = strconv.AppendInt(d.b, int64(c.Generation), 10)
	d.must("id", c.ID)
	d.object("acheteur", func() {
		d.must("id", c.Buyer.ID)
		d.text("nom", c.Buyer.Name)
	})
	d.text("nature", c.Nature)
	d.text("objet", c.Object)
	d.text("codeCPV", c.CPV)
	d.text("procedure", c.Procedure)
	completWords(d, "techniques", c.Techniques)
	completWords(d, "modalitesExecution", c.Modalities)
	d.text("idAccordCadre", c.FrameworkID)
	d.boolean("marcheInnovant", c.Innovative)
	d.text("ccag", c.CCAG)
	d.whole("offresRecues", c.Offers)
	d.boolean("attributionAvance", c.Advance)
	d.number("tauxAvance", c.AdvanceRate)
	d.text("typeGroupementOperateurs", c.Grouping)
	if c.Place != nil {
		d.object("lieuExecution", func() {
			d.text("code", c.Place.Code)
			d.text("typeCode", c.Place.CodeType)
			d.text("nom", c.Place.Name)
		})
	}
	d.whole("dureeMois", c.Months)
	d.text("dateNotification", c.Notified)
	d.text("datePublicationDonnees", c.Published)
	d.text("dateDebutExecution", c.Start)
	completRest(d, c)
	completExtra(d, c.Extra)
}

// completRest appends the fields from the amount on.
func completRest(d *writeDoc, c *Contract) {
	d.number("montant", c.Amount)
	d.number("montantSubventionPublique", c.Subsidy)
	completWords(d, "typesPrix", c.PriceTypes)
	d.text("formePrix", c.PriceForm)
	d.number("origineUE", c.OriginEU)
	d.number("origineFrance", c.OriginFR)
	completList(d, "titulaires", c.Suppliers, completSupplier)
	completWords(d, "considerationsSociales", c.Social)
	completWords(d, "considerationsEnvironnementales", c.Environment)
	d.boolean("sousTraitanceDeclaree", c.Subcontracting)
	completList(d, "actesSousTraitance", c.Subcontracts, completSubcontract)
	completList(d, "modificationsActesSousTraitance", c.SubcontractChanges, completSubcontractChange)
	completList(d, "modifications", c.Modifications, completModification)
	completList(d, "donneesExecution", c.Execution, completExecutionYear)
}

// completExtra appends the fields that are in no legal schema, by name. A
// value that is not JSON (none comes from Normalise) becomes a text.
func completExtra(d *writeDoc, extra map[string]json.RawMessage) {
	if len(extra) == 0 {
		return
	}
	d.object("extra", func() {
		for _, name := range slices.Sorted(maps.Keys(extra)) {
			d.comma()
			d.b = append(writeJSONText(d.b, name), ':')
			v := jsontext.Value(bytes.Clone(extra[name]))
			if v.Compact() != nil {
				d.b = writeJSONText(d.b, string(extra[name]))
				continue
			}
			d.b = append(d.b, v...)
		}
	})
}

func completWords(d *writeDoc, name string, words []string) {
	if len(words) > 0 {
		d.key(name)
		d.b = writeJSONList(d.b, words)
	}
}

func completList[T any](d *writeDoc, name string, list []T, item func([]byte, T) []byte) {
	if len(list) == 0 {
		return
	}
	d.key(name)
	d.b = append(d.b, '[')
	for _, v := range list {
		d.comma()
		d.b = item(d.b, v)
	}
	d.b = append(d.b, ']')
}

func completSupplier(b []byte, s Supplier) []byte {
	d := &writeDoc{b: append(b, '{'), form: Flat}
	d.text("typeIdentifiant", s.IDType)
	d.text("id", s.ID)
	d.text("denominationSociale", s.Name)
	return append(d.b, '}')
}

func completSubcontract(b []byte, s Subcontract) []byte {
	d := &writeDoc{b: append(b, '{'), form: Flat}
	d.whole("id", s.ID)
	d.key("sousTraitant")
	d.b = completSupplier(d.b, s.Supplier)
	d.whole("dureeMois", s.Months)
	d.text("dateNotification", s.Notified)
	d.text("datePublicationDonnees", s.Published)
	d.number("montant", s.Amount)
	d.text("variationPrix", s.PriceVar)
	return append(d.b, '}')
}

func completSubcontractChange(b []byte, s SubcontractChange) []byte {
	d := &writeDoc{b: append(b, '{'), form: Flat}
	d.whole("id", s.ID)
	d.whole("dureeMois", s.Months)
	d.text("dateNotificationModificationSousTraitance", s.Notified)
	d.text("datePublicationDonnees", s.Published)
	d.number("montant", s.Amount)
	return append(d.b, '}')
}

func completModification(b []byte, m Modification) []byte {
	d := &writeDoc{b: append(b, '{'), form: Flat}
	d.whole("id", m.ID)
	d.text("objetModification", m.Object)
	d.text("dateNotificationModification", m.Notified)
	d.text("datePublicationDonneesModification", m.Published)
	d.whole("dureeMois", m.Months)
	d.number("montant", m.Amount)
	completList(d, "titulaires", m.Suppliers, completSupplier)
	return append(d.b, '}')
}

func completExecutionYear(b []byte, e ExecutionYear) []byte {
	d := &writeDoc{b: append(b, '{'), form: Flat}
	d.text("datePublicationDonneesExecution", e.Published)
	d.number("depensesInvestissement", e.Investment)
	completList(d, "tarifs", e.Tariffs, func(b []byte, t Tariff) []byte {
		d := &writeDoc{b: append(b, '{'), form: Flat}
		d.text("intituleTarif", t.Title)
		d.number("tarif", t.Price)
		return append(d.b, '}')
	})
	return append(d.b, '}')
}
