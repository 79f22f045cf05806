package pivot

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// tableLines is the member of a record of form [Table] that holds its lines.
const tableLines = "lignes"

// tableMostLines is the number of lines that one contract may take.
const tableMostLines = 1000

// A tableRecord is a record of form [Table] in the layout of the law.
type tableRecord struct {
	legal   Record // Nested for 2.x, Flat for 1.x
	buyer   string // its name
	names   []string
	extra   map[string]json.RawMessage
	repairs []Repair
	places  map[string]string // pointers of the cells that gave fields
}

// A tableLine is a line of a contract, by the names of columns.
type tableLine struct {
	cells map[string]tableCell         // those that stand once on a line
	more  map[int]map[string]tableCell // of the suppliers titulaire_…_2

	changed []map[string]tableCell // suppliers after the modification that the line tells
}

// tableRead brings a record of form [Table] into the layout of the law: that
// of 2.x if it has anything of the fields of 2022, or was notified from 2024 on,
// else that of 1.x. Numbers, days and yes or no are read as people and
// spreadsheets write them; what cannot be read so stays as written, for the
// schema to refuse.
func tableRead(rec Record) tableRecord {
	t := tableRecord{legal: rec, extra: map[string]json.RawMessage{}, places: map[string]string{}}
	root, err := normTree(rec.Raw)
	if err != nil {
		t.repairs = append(t.repairs, Repair{Rule: repairUnreadable, From: repairCut(err.Error())})
	}
	lines := t.lines(root)
	changes := lines
	if len(lines) > 0 && lines[0].cells[tableState].said() != "" {
		lines, changes = tableStates(lines)
	}
	b := tableBuilder{tableRecord: &t, lines: lines, changes: changes}
	b.first = func(name string) tableCell {
		for _, l := range lines {
			if c, ok := l.cells[name]; ok && c.said() != "" {
				return c
			}
		}
		if len(lines) == 0 {
			return tableCell{}
		}
		return lines[0].cells[name]
	}
	t.legal.Kind = tableKind(b.first("type").said(), b.first("nature").said(), t.legal.Kind)
	t.legal.Form = Flat
	if b.generation() == Gen2 {
		t.legal.Form = Nested
	}
	t.legal.Raw = b.record()
	return t
}

// lines takes the lines of root apart; columns that are not known become extra.
func (t *tableRecord) lines(root *normNode) []tableLine {
	var lines []tableLine
	list := root.get(tableLines)
	if list == nil {
		return nil
	}
	for _, node := range list.kids {
		l := tableLine{cells: map[string]tableCell{}}
		for _, k := range node.kids {
			if k.kind != '"' {
				continue
			}
			name := k.name
			if k.written != "" {
				name = k.written
			}
			h := tableNamed(name)
			if h.column == nil {
				t.extras(name, k.text)
				continue
			}
			if key := tableFold(name); strings.HasPrefix(key, "autoriteconcedante") || strings.HasPrefix(key, "concessionnaire") {
				t.legal.Kind = Concession
			}
			cell := tableCell{text: k.text, sort: h.column.sort, at: k.pointer()}
			switch {
			case h.number == 0:
				if old, has := l.cells[h.column.name]; !has || old.said() == "" {
					l.cells[h.column.name] = cell
				} else {
					t.extras(name, k.text)
				}
			default:
				if l.more == nil {
					l.more = map[int]map[string]tableCell{}
				}
				if l.more[h.number] == nil {
					l.more[h.number] = map[string]tableCell{}
				}
				l.more[h.number][h.column.name] = cell
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// extras keeps a cell of a column that is not known: its text, or the list of
// the texts that its lines have.
func (t *tableRecord) extras(name, text string) {
	if tableNothing[strings.TrimSpace(text)] || strings.TrimSpace(text) == "" {
		return
	}
	quoted, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\ufffd"))
	if err != nil {
		return
	}
	old, has := t.extra[name]
	if !has {
		t.extra[name] = quoted
		return
	}
	var list []json.RawMessage
	if old[0] != '[' || json.Unmarshal(old, &list) != nil {
		list = []json.RawMessage{old}
	}
	if slices.ContainsFunc(list, func(m json.RawMessage) bool { return string(m) == string(quoted) }) {
		return
	}
	if all, err := json.Marshal(append(list, quoted)); err == nil {
		t.extra[name] = all
	}
}

func tableKind(kind, nature string, known Kind) Kind {
	for _, s := range []string{tableFold(kind), tableFold(nature)} {
		if strings.Contains(s, "concession") || strings.HasPrefix(s, "delegationdeservice") {
			return Concession
		}
	}
	if known == "" {
		return Marche
	}
	return known
}

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

// suppliers writes those of all lines, each once.
func (b *tableBuilder) suppliers(marche, new bool) {
	list, item := "titulaires", "titulaire"
	if !marche {
		list, item = "concessionnaires", "concessionnaire"
	}
	var all []string
	add := func(cells map[string]tableCell) {
		id, name := cells["titulaire_id"], cells["titulaire_denominationSociale"].said()
		if id.said() == "" && name == "" {
			return
		}
		o := tableObject{owner: b.tableRecord}
		if _, has := cells["titulaire_typeIdentifiant"]; !has {
			if s, _, _ := id.value(); judgeIsSIRET([]byte(s)) { // the table has no column for the type
				o.put("typeIdentifiant", supplierSIRET, false)
			}
		}
		o.cell("typeIdentifiant", cells["titulaire_typeIdentifiant"])
		o.cell("id", id)
		if !new && name != "" {
			o.put("denominationSociale", name, false)
		}
		s := o.end()
		if new {
			s = `{"` + item + `":` + s + `}`
		}
		if !slices.Contains(all, s) {
			all, b.names = append(all, s), append(b.names, name)
		}
	}
	for _, l := range b.lines {
		add(l.cells)
		for n := 1; n <= tableMostSuppliers && len(l.more) > 0; n++ {
			add(l.more[n])
		}
	}
	if len(all) > 0 {
		b.member(list, "["+strings.Join(all, ",")+"]")
	}
}

func (b *tableBuilder) modifications(marche, new bool) {
	amount, day, suppliers := "montant", "dateNotificationModification", "titulaires"
	if !marche {
		amount, day, suppliers = "valeurGlobale", "dateSignatureModification", ""
	}
	n := len(b.b)
	b.objects(b.changes, "modifications", "modification", func(l *tableLine, o *tableObject) {
		if new {
			o.cell("id", l.cells["modification_id"])
		} else {
			o.cell("objetModification", l.cells["modification_objet"])
		}
		o.cell("dureeMois", l.cells["modification_dureeMois"])
		o.cell(amount, l.cells["modification_montant"])
		o.cell(day, l.cells["modification_dateNotification"])
		o.cell("datePublicationDonneesModification", l.cells["modification_datePublicationDonnees"])
		if id := l.cells["modification_titulaire_id"]; id.said() != "" {
			l.changed = append(l.changed, map[string]tableCell{
				"titulaire_id": id, "titulaire_typeIdentifiant": l.cells["modification_titulaire_typeIdentifiant"],
			})
		}
		if suppliers != "" && len(l.changed) > 0 {
			o.raw(suppliers, "["+strings.Join(b.changedSuppliers(l, new), ",")+"]")
		}
	})
	if n == len(b.b) && !new && marche { // 1.x wants the list, if empty
		b.member("modifications", "[]")
	}
}

func (b *tableBuilder) changedSuppliers(l *tableLine, new bool) []string {
	var list []string
	for _, cells := range l.changed {
		s := tableObject{owner: b.tableRecord}
		s.cell("typeIdentifiant", cells["titulaire_typeIdentifiant"])
		s.cell("id", cells["titulaire_id"])
		if name := cells["titulaire_denominationSociale"].said(); name != "" && !new {
			s.put("denominationSociale", name, false)
		}
		if list = append(list, s.end()); new {
			list[len(list)-1] = `{"titulaire":` + list[len(list)-1] + `}`
		}
	}
	return list
}

// tableStates takes a table apart that has a line for each state of a contract
// and supplier: what the first state says, and what each later one changes.
func tableStates(lines []tableLine) (first, changes []tableLine) {
	var states [][]tableLine
	for _, l := range lines {
		last := len(states) - 1
		if last < 0 || states[last][0].cells["modification_id"].said() != l.cells["modification_id"].said() {
			states = append(states, nil)
			last++
		}
		states[last] = append(states[last], l)
	}
	for i := 1; i < len(states); i++ {
		old, now := states[i-1], states[i]
		change := tableLine{cells: map[string]tableCell{}}
		for _, name := range []string{
			"modification_id", "modification_objet", "modification_dateNotification", "modification_datePublicationDonnees",
		} {
			change.cells[name] = now[0].cells[name]
		}
		for _, name := range []string{"montant", "dureeMois"} {
			if now[0].cells[name].said() != old[0].cells[name].said() {
				change.cells["modification_"+name] = now[0].cells[name]
			}
		}
		if !slices.EqualFunc(old, now, tableSameSupplier) {
			for _, l := range now {
				change.changed = append(change.changed, l.cells)
			}
		}
		changes = append(changes, change)
	}
	first = states[0]
	for i := range first { // they tell of no modification
		delete(first[i].cells, "modification_id")
	}
	return first, changes
}

func tableSameSupplier(a, b tableLine) bool {
	for _, name := range []string{"titulaire_id", "titulaire_typeIdentifiant", "titulaire_denominationSociale"} {
		if a.cells[name].said() != b.cells[name].said() {
			return false
		}
	}
	return true
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

// repair notes what was read differently. A cell is read once for each field
// it gives: each repair is told once.
func (t *tableRecord) repair(c tableCell, rule, to string) {
	r := Repair{Pointer: c.at, Rule: rule, From: repairCut(c.text), To: repairCut(to)}
	if len(t.repairs) < normMaxRepairs && !slices.Contains(t.repairs, r) {
		t.repairs = append(t.repairs, r)
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

// tableNormalise is [Normalise] for a record of form [Table].
func tableNormalise(rec Record) (Contract, []Repair) {
	t := tableRead(rec)
	c, repairs := Normalise(t.legal)
	if c.Buyer.Name == "" {
		c.Buyer.Name = t.buyer
	}
	for i := range c.Suppliers {
		if c.Suppliers[i].Name == "" && i < len(t.names) && len(t.names) == len(c.Suppliers) {
			c.Suppliers[i].Name = t.names[i]
		}
	}
	for name, value := range t.extra {
		if c.Extra == nil {
			c.Extra = map[string]json.RawMessage{}
		}
		if _, taken := c.Extra[name]; !taken {
			c.Extra[name] = value
		}
	}
	for i := range repairs {
		field, _, _ := strings.Cut(strings.TrimPrefix(repairs[i].Pointer, "/"), "/")
		if repairs[i].Pointer = t.places[field]; repairs[i].Pointer == "" {
			repairs[i].Pointer = "/" + tableLines
		}
	}
	return c, append(t.repairs, repairs...)
}
