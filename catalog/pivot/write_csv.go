package pivot

import (
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// writeColumns are the columns of the CSV, in their order. Those called
// titulaire_… belong to the supplier of the line, the others to the contract.
var writeColumns = []string{
	"type", "generation", "acheteur_id", "acheteur_nom", "id", "nature", "objet", "codeCPV", "procedure",
	"techniques", "modalitesExecution", "idAccordCadre", "marcheInnovant", "ccag", "offresRecues",
	"attributionAvance", "tauxAvance", "typeGroupementOperateurs", "sousTraitanceDeclaree",
	"lieuExecution_code", "lieuExecution_typeCode", "lieuExecution_nom",
	"dureeMois", "dateNotification", "datePublicationDonnees", "dateDebutExecution",
	"montant", "montantSubventionPublique", "typesPrix", "formePrix", "origineUE", "origineFrance",
	"considerationsSociales", "considerationsEnvironnementales",
	"titulaire_rang", "titulaire_typeIdentifiant", "titulaire_id", "titulaire_denominationSociale",
	"actesSousTraitance_nombre", "modifications_nombre", "modifications_derniere", "dureeMois_actuelle", "montant_actuel",
}

// CSVColumns lists the columns that [WriteCSV] writes, in their order
// (docs/formats.md says what each holds).
func CSVColumns() []string { return slices.Clone(writeColumns) }

// WriteCSV writes contracts of both generations and kinds as one flat table:
// a header, then one line per contract and supplier, or one line for a
// contract without supplier. UTF-8 without byte order mark, `;` between
// cells, several values of one cell joined by `|`, lines ended by a line feed.
//
// Amounts are those of the whole contract, on each of its lines: a sum takes
// the lines with titulaire_rang 1 (or empty) only.
//
// A text that a spreadsheet would run as a formula (it begins with = + - @, a tab
// or a carriage return) gets a ' in front.
func WriteCSV(w io.Writer, contracts iter.Seq[Contract]) error {
	s := &writeSink{w: w}
	s.b = append(append(s.b, strings.Join(writeColumns, ";")...), '\n')
	var row writeRow
	for c := range contracts {
		now := c.Current()
		for i := range max(1, len(c.Suppliers)) {
			row.b, row.first = s.b, true
			row.contract(&c)
			if len(c.Suppliers) == 0 {
				row.b = append(row.b, ";;;;"...)
			} else {
				row.supplier(i+1, &c.Suppliers[i])
			}
			row.after(&c, &now)
			s.b = append(row.b, '\n')
		}
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.flush()
}

// A writeRow appends the cells of one line.
type writeRow struct {
	b     []byte
	first bool
}

func (r *writeRow) contract(c *Contract) {
	r.text(string(c.Kind))
	r.integer(int(c.Generation))
	r.text(c.Buyer.ID)
	r.text(c.Buyer.Name)
	r.text(c.ID)
	r.text(c.Nature)
	r.text(c.Object)
	r.text(c.CPV)
	r.text(c.Procedure)
	r.texts(c.Techniques)
	r.texts(c.Modalities)
	r.text(c.FrameworkID)
	r.boolean(c.Innovative)
	r.text(c.CCAG)
	r.whole(c.Offers)
	r.boolean(c.Advance)
	r.number(c.AdvanceRate)
	r.text(c.Grouping)
	r.boolean(c.Subcontracting)
	var p Place
	if c.Place != nil {
		p = *c.Place
	}
	r.text(p.Code)
	r.text(p.CodeType)
	r.text(p.Name)
	r.whole(c.Months)
	r.text(c.Notified)
	r.text(c.Published)
	r.text(c.Start)
	r.number(c.Amount)
	r.number(c.Subsidy)
	r.texts(c.PriceTypes)
	r.text(c.PriceForm)
	r.number(c.OriginEU)
	r.number(c.OriginFR)
	r.texts(c.Social)
	r.texts(c.Environment)
}

func (r *writeRow) supplier(rank int, s *Supplier) {
	r.integer(rank)
	r.text(s.IDType)
	r.text(s.ID)
	r.text(s.Name)
}

// after appends how the contract was changed since; now is its current state.
func (r *writeRow) after(c, now *Contract) {
	r.integer(len(c.Subcontracts))
	r.integer(len(c.Modifications))
	last := ""
	for _, m := range c.Modifications {
		last = max(last, m.Notified)
	}
	r.text(last)
	r.whole(now.Months)
	r.number(now.Amount)
}

// cell separates the next cell from the one before it.
func (r *writeRow) cell() {
	if !r.first {
		r.b = append(r.b, ';')
	}
	r.first = false
}

func (r *writeRow) text(s string) {
	r.cell()
	if s == "" {
		return
	}
	formula := strings.IndexByte("=+-@\t\r", s[0]) >= 0
	if !strings.ContainsAny(s, ";\"\r\n") {
		if formula {
			r.b = append(r.b, '\'')
		}
		r.b = append(r.b, s...)
		return
	}
	r.b = append(r.b, '"')
	if formula {
		r.b = append(r.b, '\'')
	}
	for i := range len(s) {
		if s[i] == '"' {
			r.b = append(r.b, '"')
		}
		r.b = append(r.b, s[i])
	}
	r.b = append(r.b, '"')
}

func (r *writeRow) texts(list []string) { r.text(strings.Join(list, "|")) }

func (r *writeRow) integer(i int) {
	r.cell()
	r.b = strconv.AppendInt(r.b, int64(i), 10)
}

func (r *writeRow) whole(i *int) {
	if i == nil {
		r.cell()
		return
	}
	r.integer(*i)
}

func (r *writeRow) number(f *float64) {
	r.cell()
	if writeGiven(f) {
		r.b = writeNumber(r.b, *f)
	}
}

func (r *writeRow) boolean(v *bool) {
	r.cell()
	if v != nil {
		r.b = strconv.AppendBool(r.b, *v)
	}
}
