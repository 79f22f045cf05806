package pivot

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A tableBuilder writes the record of the law.
type tableBuilder struct {
	*tableRecord
	lines   []tableLine // of the contract as it was awarded
	changes []tableLine // that tell of modifications
	first   func(name string) tableCell
	b       []byte
}

// tableOlder are fields of 2022 that tables of before tell of as well: there
// "Type prix" is the formePrix.
var tableOlder = map[string]bool{"attributionAvance": true, "typesPrix": true}

func (b *tableBuilder) generation() Generation {
	switch b.first("generation").said() {
	case "1":
		return Gen1
	case "2":
		return Gen2
	}
	for _, name := range normFields2022 {
		if tableOlder[name] {
			continue
		}
		if b.first(name).said() != "" {
			return Gen2
		}
	}
	if day, _ := tableReadDay(b.first("dateNotification").said()); !normIsDay(day) || day >= "2024" {
		return Gen2
	}
	return Gen1
}

// record writes the fields in the order of the arrêtés.
func (b *tableBuilder) record() []byte {
	marche, new := b.legal.Kind == Marche, b.legal.Form == Nested
	b.b = append(b.b, '{')
	b.field("id", "id")
	b.buyerField(marche)
	b.field("nature", "nature")
	b.field("objet", "objet")
	b.field("procedure", "procedure")
	b.field("dureeMois", "dureeMois")
	if marche {
		b.field("codeCPV", "codeCPV")
		b.field("dateNotification", "dateNotification")
		b.field("montant", "montant")
		if b.field("formePrix", "formePrix"); !new && b.first("formePrix").said() == "" {
			b.field("formePrix", "typesPrix")
		}
	} else {
		b.field("dateSignature", "dateNotification")
		b.field("dateDebutExecution", "dateDebutExecution")
		b.field("valeurGlobale", "montant")
		b.field("montantSubventionPublique", "montantSubventionPublique")
	}
	b.field("datePublicationDonnees", "datePublicationDonnees")
	if marche || !new { // concessions of 2.x have no place
		b.place(new)
	}
	if new {
		b.fields2022(marche)
	}
	b.suppliers(marche, new)
	b.modifications(marche, new)
	b.b = append(b.b, '}')
	return b.b
}

func (b *tableBuilder) fields2022(marche bool) {
	b.list("considerationsSociales", "considerationSociale")
	b.list("considerationsEnvironnementales", "considerationEnvironnementale")
	if !marche {
		return
	}
	b.list("techniques", "technique")
	b.list("modalitesExecution", "modaliteExecution")
	b.list("typesPrix", "typePrix")
	for _, name := range []string{
		"idAccordCadre", "marcheInnovant", "ccag", "offresRecues", "attributionAvance", "tauxAvance",
		"typeGroupementOperateurs", "sousTraitanceDeclaree", "origineUE", "origineFrance",
	} {
		b.field(name, name)
	}
	b.objects(b.lines, "actesSousTraitance", "acteSousTraitance", func(l *tableLine, o *tableObject) {
		o.cell("id", l.cells["sousTraitance_id"])
		o.object("sousTraitant", func(o *tableObject) {
			o.cell("id", l.cells["sousTraitant_id"])
			o.cell("typeIdentifiant", l.cells["sousTraitant_typeIdentifiant"])
		})
		o.cell("dureeMois", l.cells["sousTraitance_dureeMois"])
		o.cell("dateNotification", l.cells["sousTraitance_dateNotification"])
		o.cell("datePublicationDonnees", l.cells["sousTraitance_datePublicationDonnees"])
		o.cell("montant", l.cells["sousTraitance_montant"])
		o.cell("variationPrix", l.cells["sousTraitance_variationPrix"])
	})
	b.objects(b.lines, "modificationsActesSousTraitance", "modificationActeSousTraitance", func(l *tableLine, o *tableObject) {
		o.cell("id", l.cells["modificationSousTraitance_id"])
		o.cell("dureeMois", l.cells["modificationSousTraitance_dureeMois"])
		o.cell("dateNotificationModificationSousTraitance", l.cells["modificationSousTraitance_dateNotification"])
		o.cell("datePublicationDonnees", l.cells["modificationSousTraitance_datePublicationDonnees"])
		o.cell("montant", l.cells["modificationSousTraitance_montant"])
	})
}

func (b *tableBuilder) buyerField(marche bool) {
	name := "acheteur"
	if !marche {
		name = "autoriteConcedante"
	}
	o := tableObject{owner: b.tableRecord}
	o.cell("id", b.first("acheteur_id"))
	b.buyer = b.first("acheteur_nom").said()
	if len(o.b) == 0 { // a table without that column may have a uid
		if id := readBuyerOf(b.first("uid").said(), b.first("id").said()); id != "" {
			o.put("id", id, false)
		}
	}
	if b.legal.Form == Flat && b.buyer != "" {
		o.put("nom", b.buyer, false)
	}
	b.member(name, o.end())
}

func (b *tableBuilder) place(new bool) {
	o := tableObject{owner: b.tableRecord}
	code, kind := b.first("lieuExecution_code"), b.first("lieuExecution_typeCode")
	if s := code.said(); len(s) == 4 && normIsDigits(s) && strings.Contains(tableFold(kind.said()), "postal") {
		o.put("code", "0"+s, false)
		b.repair(code, repairZero, "0"+s)
	} else {
		o.cell("code", code)
	}
	o.cell("typeCode", kind)
	if !new {
		o.cell("nom", b.first("lieuExecution_nom"))
	}
	if len(o.b) > 0 {
		b.member("lieuExecution", o.end())
	}
}

// objects writes the list of what make reads from each line, each once.
func (b *tableBuilder) objects(lines []tableLine, list, item string, make func(*tableLine, *tableObject)) {
	var all []string
	for i := range lines {
		o := tableObject{owner: b.tableRecord}
		make(&lines[i], &o)
		if len(o.b) == 0 {
			continue
		}
		s := o.end()
		if b.legal.Form == Nested {
			s = `{"` + item + `":` + s + `}`
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	if len(all) > 0 {
		b.member(list, "["+strings.Join(all, ",")+"]")
	}
}

func (b *tableBuilder) list(list, item string) {
	words := b.first(list).words()
	if len(words) == 0 {
		return
	}
	s := []byte(`{"` + item + `":[`)
	for i, w := range words {
		if i > 0 {
			s = append(s, ',')
		}
		s = tableQuote(s, w)
	}
	b.member(list, string(s)+"]}")
}

func (b *tableBuilder) field(name, column string) {
	o, c := tableObject{owner: b.tableRecord}, b.first(column)
	if o.cell(name, c); len(o.b) > 0 {
		b.places[name] = c.at
		b.comma()
		b.b = append(b.b, o.b...)
	}
}

func (b *tableBuilder) member(name, value string) {
	b.comma()
	b.b = append(append(tableQuote(b.b, name), ':'), value...)
}

func (b *tableBuilder) comma() {
	if b.b[len(b.b)-1] != '{' {
		b.b = append(b.b, ',')
	}
}

// A tableObject is a JSON object in the making.
type tableObject struct {
	owner *tableRecord
	b     []byte
}

// cell adds a member if the cell says anything.
func (o *tableObject) cell(name string, c tableCell) {
	s, bare, rule := c.value()
	if rule != "" {
		o.owner.repair(c, rule, s)
	}
	if s != "" {
		o.put(name, s, bare)
	}
}

func (o *tableObject) put(name, value string, bare bool) {
	if bare {
		o.raw(name, value)
		return
	}
	o.raw(name, string(tableQuote(nil, value)))
}

func (o *tableObject) raw(name, value string) {
	if len(o.b) > 0 {
		o.b = append(o.b, ',')
	}
	o.b = append(append(tableQuote(o.b, name), ':'), value...)
}

// object adds a member if fill adds anything to it.
func (o *tableObject) object(name string, fill func(*tableObject)) {
	in := tableObject{owner: o.owner}
	if fill(&in); len(in.b) > 0 {
		o.raw(name, in.end())
	}
}

func (o *tableObject) end() string { return "{" + string(o.b) + "}" }

// tableQuote appends s as a JSON string.
func tableQuote(b []byte, s string) []byte {
	q, err := jsontext.AppendQuote(b, s)
	if err != nil { // s is not UTF-8
		q, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\ufffd"))
	}
	return q
}
