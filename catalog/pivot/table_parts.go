package pivot

import (
	"slices"
	"strings"
)

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
