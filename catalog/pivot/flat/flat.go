// Package flat writes contracts as the flat tables that reusers of the national
// data work with: one line per state of a contract and supplier, as CSV and as
// Parquet, with the Table Schema of both; and the light annual list.
package flat

import (
	"bufio"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/enrich"
	"maillon/catalog/pivot"
)

// A Row is one line: a supplier in one state of a contract. Amounts and durations
// are those of the whole contract in that state. To count contracts take the lines
// with ModificationID 0 and SupplierRank 0 or 1; to add up what is in force
// those where Current is true and SupplierRank is 0 or 1.
type Row struct {
	UID                   string   `parquet:"uid,dict"` // buyer, then id
	ID                    string   `parquet:"id"`
	Kind                  string   `parquet:"type,dict"` // marche or contrat-concession
	Generation            int32    `parquet:"generation"`
	Nature                *string  `parquet:"nature,optional,dict"`
	BuyerID               string   `parquet:"acheteur_id,dict"`
	BuyerName             *string  `parquet:"acheteur_nom,optional,dict"`
	SupplierRank          int32    `parquet:"titulaire_rang"` // from 1; 0 for a contract without supplier
	SupplierID            *string  `parquet:"titulaire_id,optional,dict"`
	SupplierIDType        *string  `parquet:"titulaire_typeIdentifiant,optional,dict"`
	SupplierName          *string  `parquet:"titulaire_nom,optional,dict"`
	Object                *string  `parquet:"objet,optional"`
	Amount                *float64 `parquet:"montant,optional"`
	CPV                   *string  `parquet:"codeCPV,optional,dict"`
	Procedure             *string  `parquet:"procedure,optional,dict"`
	Months                *int64   `parquet:"dureeMois,optional"`
	Notified              *Day     `parquet:"dateNotification,optional,date"`
	Published             *Day     `parquet:"datePublicationDonnees,optional,date"`
	Start                 *Day     `parquet:"dateDebutExecution,optional,date"`
	PriceForm             *string  `parquet:"formePrix,optional,dict"`
	PriceTypes            *string  `parquet:"typesPrix,optional,dict"`
	Advance               *bool    `parquet:"attributionAvance,optional"`
	AdvanceRate           *float64 `parquet:"tauxAvance,optional"`
	Offers                *int64   `parquet:"offresRecues,optional"`
	Innovative            *bool    `parquet:"marcheInnovant,optional"`
	CCAG                  *string  `parquet:"ccag,optional,dict"`
	Subcontracting        *bool    `parquet:"sousTraitanceDeclaree,optional"`
	Grouping              *string  `parquet:"typeGroupementOperateurs,optional,dict"`
	OriginEU              *float64 `parquet:"origineUE,optional"`
	OriginFR              *float64 `parquet:"origineFrance,optional"`
	PlaceCode             *string  `parquet:"lieuExecution_code,optional,dict"`
	PlaceCodeType         *string  `parquet:"lieuExecution_typeCode,optional,dict"`
	FrameworkID           *string  `parquet:"idAccordCadre,optional"`
	Techniques            *string  `parquet:"techniques,optional,dict"`
	Modalities            *string  `parquet:"modalitesExecution,optional,dict"`
	Social                *string  `parquet:"considerationsSociales,optional,dict"`
	Environment           *string  `parquet:"considerationsEnvironnementales,optional,dict"`
	Subsidy               *float64 `parquet:"montantSubventionPublique,optional"`
	ModificationID        int64    `parquet:"modification_id"` // 0 for the contract as it was awarded
	ModificationObject    *string  `parquet:"modification_objet,optional"`
	ModificationNotified  *Day     `parquet:"modification_dateNotification,optional,date"`
	ModificationPublished *Day     `parquet:"modification_datePublicationDonnees,optional,date"`
	Current               bool     `parquet:"donneesActuelles"` // the last state
	// Codes of INSEE that follow from those of the contract (package enrich).
	BuyerCommune     *string `parquet:"acheteur_commune_code,optional,dict"`
	BuyerDepartement *string `parquet:"acheteur_departement_code,optional,dict"`
	BuyerRegion      *string `parquet:"acheteur_region_code,optional,dict"`
	PlaceCommune     *string `parquet:"lieuExecution_commune_code,optional,dict"`
	PlaceDepartement *string `parquet:"lieuExecution_departement_code,optional,dict"`
	PlaceRegion      *string `parquet:"lieuExecution_region_code,optional,dict"`
}

// A Day counts from 1970-01-01, as Parquet writes dates.
type Day int32

func (d Day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// Rows gives the lines of a contract: as it was awarded, then after each
// modification, in their order.
func Rows(c pivot.Contract) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for n := range len(c.Modifications) + 1 {
			now := c
			now.Modifications = c.Modifications[:n]
			now = now.Current()
			row := rowOf(now)
			if n > 0 {
				m := c.Modifications[n-1]
				row.ModificationID = int64(n)
				row.ModificationObject, row.ModificationNotified, row.ModificationPublished = some(m.Object), day(m.Notified), day(m.Published)
			}
			row.Current = n == len(c.Modifications)
			suppliers := now.Suppliers
			for i := range max(1, len(suppliers)) {
				if len(suppliers) > 0 {
					s := suppliers[i]
					row.SupplierRank, row.SupplierID, row.SupplierIDType, row.SupplierName = int32(i+1), some(s.ID), some(s.IDType), some(s.Name)
				}
				if !yield(row) {
					return
				}
			}
		}
	}
}

func rowOf(c pivot.Contract) Row {
	r := Row{
		UID: c.Buyer.ID + c.ID, ID: c.ID, Kind: string(c.Kind), Generation: int32(c.Generation), Nature: some(c.Nature), BuyerID: c.Buyer.ID,
		BuyerName: some(c.Buyer.Name), Object: some(c.Object), Amount: c.Amount, CPV: some(c.CPV), Procedure: some(c.Procedure), Months: whole(c.Months),
		Notified: day(c.Notified), Published: day(c.Published), Start: day(c.Start), PriceForm: some(c.PriceForm), PriceTypes: list(c.PriceTypes),
		Advance: c.Advance, AdvanceRate: c.AdvanceRate, Offers: whole(c.Offers), Innovative: c.Innovative, CCAG: some(c.CCAG),
		Subcontracting: c.Subcontracting, Grouping: some(c.Grouping), OriginEU: c.OriginEU, OriginFR: c.OriginFR, FrameworkID: some(c.FrameworkID),
		Techniques: list(c.Techniques), Modalities: list(c.Modalities), Social: list(c.Social), Environment: list(c.Environment), Subsidy: c.Subsidy,
	}
	buyer := enrich.BuyerCodes(c.Buyer.ID)
	r.BuyerCommune, r.BuyerDepartement, r.BuyerRegion = some(buyer.Commune), some(buyer.Departement), some(buyer.Region)
	if c.Place != nil {
		r.PlaceCode, r.PlaceCodeType = some(c.Place.Code), some(c.Place.CodeType)
		place := enrich.PlaceCodes(c.Place.Code, c.Place.CodeType)
		r.PlaceCommune, r.PlaceDepartement, r.PlaceRegion = some(place.Commune), some(place.Departement), some(place.Region)
	}
	return r
}

// some is nil for a text that says nothing.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func list(words []string) *string { return some(strings.Join(words, "|")) }

func whole(i *int) *int64 {
	if i == nil {
		return nil
	}
	n := int64(*i)
	return &n
}

// day is nil for what is no day of the calendar.
func day(s string) *Day {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil
	}
	d := Day(t.Unix() / 86400)
	return &d
}

// WriteCSV writes the contracts as a table: UTF-8 without byte order mark,
// cells separated by commas, quoted where needed (RFC 4180), several values of a
// cell joined by |. A text that a spreadsheet would run as a formula gets a ' in
// front.
func WriteCSV(w io.Writer, contracts iter.Seq[pivot.Contract]) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if _, err := b.WriteString(CSVHead()); err != nil {
		return err
	}
	var lines []byte
	for c := range contracts {
		lines = AppendCSV(lines[:0], c)
		if _, err := b.Write(lines); err != nil {
			return err
		}
	}
	return b.Flush()
}

// CSVHead is the first line of the table.
func CSVHead() string { return strings.Join(Columns(), ",") + "\n" }

// AppendCSV appends the lines of a contract to b.
func AppendCSV(b []byte, c pivot.Contract) []byte {
	for row := range Rows(c) {
		b = row.AppendCSV(b)
	}
	return b
}

// AppendCSV appends the line to b.
func (r *Row) AppendCSV(b []byte) []byte {
	for i := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, columns[i].get(r))
	}
	return append(b, '\n')
}

func appendCell(b []byte, v any) []byte {
	switch v := v.(type) {
	case *string:
		if v != nil {
			return appendText(b, *v)
		}
	case int32:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case *int64:
		if v != nil {
			return strconv.AppendInt(b, *v, 10)
		}
	case *float64:
		if v != nil {
			return strconv.AppendFloat(b, *v, 'f', -1, 64)
		}
	case bool:
		return strconv.AppendBool(b, v)
	case *bool:
		if v != nil {
			return strconv.AppendBool(b, *v)
		}
	case *Day:
		if v != nil {
			return append(b, v.String()...)
		}
	}
	return b
}

// appendText appends a cell of text, quoted where RFC 4180 or a reader that trims
// wants it.
func appendText(b []byte, s string) []byte {
	s = guard(s)
	if s == "" || s[0] != ' ' && !strings.ContainsAny(s, ",\"\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

func guard(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// Columns lists the names of the columns, in their order.
func Columns() []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return slices.Clip(names)
}
