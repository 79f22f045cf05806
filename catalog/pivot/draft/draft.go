// Package draft holds a contract that a person types into a form, before it is
// one: its texts as typed, what the rules say of them, and the legal file they
// make.
package draft

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/guide"
)

// Most is the number of suppliers, or of modifications, of one draft.
const Most = 30

// A Draft is what was typed: the texts of each column of [guide.Columns].
// Columns of suppliers and modifications have a text for each of them; closed
// lists one for each word that was chosen.
type Draft struct {
	Kind   pivot.Kind
	Values map[string][]string
}

// A Result is what a draft amounts to.
type Result struct {
	Contract pivot.Contract
	Problems catalog.Problems // errors forbid it to be published
}

// Repeated reports whether a column has a text for each supplier ("supplier") or
// each modification ("modification"); "" if neither.
func Repeated(header string) string {
	switch {
	case strings.HasPrefix(header, "titulaire_"), strings.HasPrefix(header, "concessionnaire_"):
		return "supplier"
	case strings.HasPrefix(header, "modification_"):
		return "modification"
	}
	return ""
}

// Count is the number of suppliers or modifications of which anything was
// typed, up to the last one.
func (d Draft) Count(what string) int {
	most := 0
	for _, c := range guide.Columns(d.Kind) {
		if Repeated(c.Header) != what {
			continue
		}
		for i, v := range d.Values[c.Header] {
			if strings.TrimSpace(v) != "" && i < Most {
				most = max(most, i+1)
			}
		}
	}
	return most
}

// Check judges the draft on the given day by the newest version of the law. Places of the
// problems are those of the law's layout; see [Column].
func (d Draft) Check(today time.Time) (Result, error) {
	table, err := d.table()
	if err != nil {
		return Result{}, err
	}
	for c, err := range pivot.NewReader(bytes.NewReader(table), pivot.Limits{}).Check(pivot.Checking{Schema: pivot.V204, Today: today}) {
		if err != nil {
			return Result{}, fmt.Errorf("read what was typed: %w", err)
		}
		r := Result{Problems: slices.Clone(c.Verdict.Problems)}
		if len(c.Item.Problems) == 0 {
			r.Contract, _ = pivot.Normalise(c.Record)
		}
		return r, nil
	}
	return Result{Problems: catalog.Problems{{Rule: "no-id", Pointer: "/id", Severity: catalog.Error}}}, nil
}

// table writes the draft as a table with a line for each supplier and
// modification.
func (d Draft) table() ([]byte, error) {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	out.Comma = ';'
	columns := guide.Columns(d.Kind)
	header := []string{"generation"}
	for _, c := range columns {
		header = append(header, c.Header)
	}
	if err := out.Write(header); err != nil {
		return nil, err
	}
	for i := range max(1, d.Count("supplier"), d.Count("modification")) {
		line := []string{"2"}
		for _, c := range columns {
			v := d.Values[c.Header]
			switch {
			case Repeated(c.Header) == "":
				line = append(line, strings.Join(v, "|"))
			case i < len(v):
				line = append(line, v[i])
			default:
				line = append(line, "")
			}
		}
		if err := out.Write(line); err != nil {
			return nil, err
		}
	}
	out.Flush()
	return b.Bytes(), out.Error()
}

// Column is the column, and the number of the supplier or modification from 0,
// that a problem at pointer is about; "" if it is about none.
func Column(kind pivot.Kind, pointer string) (header string, at int) {
	var names []string
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if n, err := strconv.Atoi(part); err == nil {
			if len(names) == 1 { // the first list is that of suppliers or modifications
				at = n
			}
			continue
		}
		names = append(names, part)
	}
	path := strings.Join(names, "/")
	for _, c := range guide.Columns(kind) {
		if c.Path == path {
			return c.Header, at
		}
	}
	for _, c := range guide.Columns(kind) { // the list as a whole, or a word within one
		if path != "" && (strings.HasPrefix(c.Path, path+"/") || strings.HasPrefix(path, c.Path+"/")) {
			return c.Header, at
		}
	}
	return "", 0
}

// Of is the draft that says what a contract says.
func Of(c pivot.Contract) Draft {
	d := Draft{Kind: c.Kind, Values: map[string][]string{}}
	set := func(header string, values ...string) {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) > 0 {
			d.Values[header] = values
		}
	}
	supplier, buyer, day, amount := "titulaire", "acheteur_id", "dateNotification", "montant"
	if c.Kind == pivot.Concession {
		supplier, buyer, day, amount = "concessionnaire", "autoriteConcedante_id", "dateSignature", "valeurGlobale"
	}
	set("id", c.ID)
	set(buyer, c.Buyer.ID)
	set("nature", c.Nature)
	set("objet", c.Object)
	set("codeCPV", c.CPV)
	set("procedure", c.Procedure)
	if c.Place != nil {
		set("lieuExecution_code", c.Place.Code)
		set("lieuExecution_typeCode", c.Place.CodeType)
	}
	set("dureeMois", whole(c.Months))
	set(day, c.Notified)
	set("datePublicationDonnees", c.Published)
	set("dateDebutExecution", c.Start)
	set(amount, number(c.Amount))
	set("montantSubventionPublique", number(c.Subsidy))
	set("formePrix", c.PriceForm)
	set("typesPrix", c.PriceTypes...)
	set("techniques", c.Techniques...)
	set("modalitesExecution", c.Modalities...)
	set("ccag", c.CCAG)
	set("offresRecues", whole(c.Offers))
	set("marcheInnovant", flag(c.Innovative))
	set("attributionAvance", flag(c.Advance))
	set("tauxAvance", number(c.AdvanceRate))
	set("typeGroupementOperateurs", c.Grouping)
	set("sousTraitanceDeclaree", flag(c.Subcontracting))
	set("considerationsSociales", c.Social...)
	set("considerationsEnvironnementales", c.Environment...)
	set("idAccordCadre", c.FrameworkID)
	set("origineUE", number(c.OriginEU))
	set("origineFrance", number(c.OriginFR))
	for _, s := range c.Suppliers {
		d.add(supplier+"_typeIdentifiant", s.IDType)
		d.add(supplier+"_id", s.ID)
	}
	for _, m := range c.Modifications {
		d.add("modification_id", whole(m.ID))
		d.add("modification_dateNotification", m.Notified)
		d.add("modification_datePublicationDonnees", m.Published)
		d.add("modification_montant", number(m.Amount))
		d.add("modification_dureeMois", whole(m.Months))
	}
	return d
}

func (d Draft) add(header, value string) { d.Values[header] = append(d.Values[header], value) }

// Keep gives c what of old a form does not ask for: subcontracts, yearly data, suppliers that a modification changed.
func Keep(c, old pivot.Contract) pivot.Contract {
	c.Subcontracts, c.SubcontractChanges, c.Execution = old.Subcontracts, old.SubcontractChanges, old.Execution
	for i := range c.Modifications {
		for _, m := range old.Modifications {
			if len(c.Modifications[i].Suppliers) == 0 && m.ID != nil && c.Modifications[i].ID != nil && *m.ID == *c.Modifications[i].ID {
				c.Modifications[i].Suppliers = m.Suppliers
			}
		}
	}
	if c.Kind == pivot.Concession {
		c.Modifications = old.Modifications
	}
	return c
}

func whole(i *int) string {
	if i == nil {
		return ""
	}
	return strconv.Itoa(*i)
}

func number(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

func flag(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "oui"
	}
	return "non"
}
