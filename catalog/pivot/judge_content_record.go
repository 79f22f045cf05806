package pivot

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"maillon/catalog/cpv"
	"maillon/catalog/territory"
)

// Names of fields whose values are compared with each other.
var (
	nameCPV, namePlace, nameCode              = schemaNameOf("codeCPV"), schemaNameOf("lieuExecution"), schemaNameOf("code")
	nameCodeType, nameFramework               = schemaNameOf("typeCode"), schemaNameOf("idAccordCadre")
	nameNotified, nameSigned                  = schemaNameOf("dateNotification"), schemaNameOf("dateSignature")
	namePublished, nameStart                  = schemaNameOf("datePublicationDonnees"), schemaNameOf("dateDebutExecution")
	nameMonths, nameSubsidy                   = schemaNameOf("dureeMois"), schemaNameOf("montantSubventionPublique")
	nameOriginEU, nameOriginFR                = schemaNameOf("origineUE"), schemaNameOf("origineFrance")
	nameGrouping, nameSuppliers               = schemaNameOf("typeGroupementOperateurs"), schemaNameOf("titulaires")
	nameConcessionaires, nameAdvance          = schemaNameOf("concessionnaires"), schemaNameOf("attributionAvance")
	nameAdvanceRate, nameDeclared             = schemaNameOf("tauxAvance"), schemaNameOf("sousTraitanceDeclaree")
	nameSubcontracts                          = schemaNameOf("actesSousTraitance")
	nameSubcontractChanges, nameModifications = schemaNameOf("modificationsActesSousTraitance"), schemaNameOf("modifications")
	nameChanged, nameChangedSigned            = schemaNameOf("dateNotificationModification"), schemaNameOf("dateSignatureModification")
	nameChangePublished                       = schemaNameOf("datePublicationDonneesModification")
)

// contentNone are the lists in which one word means "none of these".
var contentNone = []struct {
	list uint8
	word string
}{
	{schemaNameOf("techniques"), "Sans objet"},
	{schemaNameOf("modalitesExecution"), "Sans objet"},
	{schemaNameOf("considerationsSociales"), "Pas de considération sociale"},
	{schemaNameOf("considerationsEnvironnementales"), "Pas de considération environnementale"},
}

// contentItem tells which names stand around an item of a list.
var contentItem = func() (is [256]bool) {
	for _, name := range []string{
		"technique", "modaliteExecution", "typePrix", "considerationSociale", "considerationEnvironnementale", "titulaire",
		"concessionnaire", "acteSousTraitance", "modificationActeSousTraitance", "modificationActesSousTraitance", "modification",
	} {
		is[schemaNameOf(name)] = true
	}
	return is
}()

// record checks the fields of the record against each other.
func (c *contentCheck) record() {
	root := &c.t.nodes[0]
	if root.kind != '{' {
		return
	}
	for kid := int32(1); kid < root.next; kid = c.t.nodes[kid].next {
		if name := c.t.nodes[kid].name; name != 0 && int(name) < len(c.top) {
			c.top[name] = kid
		}
	}
	c.ids()
	c.cpv()
	c.place()
	c.timeline()
	c.numbers()
	c.words()
	c.suppliers()
	c.subcontracts()
	c.modifications()
}

// at is the node of a field of the record, 0 if it is not there.
func (c *contentCheck) at(name uint8) int32 { return c.top[name] }

// text gives the text at node, nil if there is none.
func (c *contentCheck) textAt(node int32) []byte {
	if node <= 0 || c.t.nodes[node].kind != '"' {
		return nil
	}
	s := c.t.textOf(node)
	if c.xml {
		s = xmlTrim(s)
	}
	return s
}

// member gives the text of a member of the object at node.
func (c *contentCheck) member(node int32, name uint8) []byte {
	if node <= 0 {
		return nil
	}
	return c.textAt(c.t.find(node, name))
}

// number gives the number at node.
func (c *contentCheck) number(node int32) (float64, bool) {
	if node <= 0 {
		return 0, false
	}
	var s []byte
	switch kind := c.t.nodes[node].kind; {
	case kind == '0':
		s = c.t.rawOf(node)
	case kind == '"' && c.xml:
		s = c.textAt(node)
	}
	if len(s) == 0 {
		return 0, false
	}
	if len(s) <= 15 && judgeDigits(s) {
		n := int64(0)
		for _, digit := range s {
			n = n*10 + int64(digit-'0')
		}
		return float64(n), true
	}
	f, err := strconv.ParseFloat(string(s), 64)
	return f, err == nil
}

// flag gives the boolean at node.
func (c *contentCheck) flag(node int32) (value, ok bool) {
	if node <= 0 {
		return false, false
	}
	switch c.t.nodes[node].kind {
	case 't':
		return true, true
	case 'f':
		return false, true
	}
	if c.xml {
		switch string(c.textAt(node)) {
		case "true", "oui", "1":
			return true, true
		case "false", "non", "0":
			return false, true
		}
	}
	return false, false
}

// dayAt gives the day at node as YYYY-MM-DD, nil if it is no calendar day.
func (c *contentCheck) dayAt(node int32) []byte {
	if s := c.textAt(node); judgeIsDay(s) && judgeIsCalendarDay(s[:10]) {
		return s[:10]
	}
	return nil
}

// items calls do for each item of the list at node, whatever wraps it.
func (c *contentCheck) items(node int32, do func(item int32)) {
	if node <= 0 {
		return
	}
	n := &c.t.nodes[node]
	switch {
	case n.kind == '[':
		for kid := node + 1; kid < n.next; kid = c.t.nodes[kid].next {
			c.items(kid, do)
		}
	case n.kind == '{' && n.count == 1 && contentItem[c.t.nodes[node+1].name]:
		c.items(node+1, do)
	case n.kind == '{' && n.count == 0:
	default:
		do(node)
	}
}

func (c *contentCheck) ids() {
	id := c.at(nameID)
	s := c.textAt(id)
	for _, b := range s {
		if !judgeDigit(b) && (b|0x20 < 'a' || b|0x20 > 'z') && strings.IndexByte("/-_ .#", b) < 0 {
			c.warn(ruleIDCharacters, id, s, "A-Z a-z 0-9 / - _ . #")
			break
		}
	}
	if framework := c.textAt(c.at(nameFramework)); len(framework) > 0 && bytes.Equal(framework, s) {
		c.warn(ruleFrameworkSelf, c.at(nameFramework), framework, "")
	}
}

func (c *contentCheck) cpv() {
	node := c.at(nameCPV)
	s := c.textAt(node)
	if !judgeIsCPV(s) {
		return
	}
	if !cpv.Known(s) {
		c.warn(ruleCPVUnknown, node, s, "")
	} else if digit, known := cpv.CheckDigit(s); known && len(s) == 10 && s[9] != digit {
		c.warn(ruleCPVKey, node, s, string(s[:9])+string(digit))
	}
}

// place checks that the code of the place exists. Arrondissements and cantons
// are not looked up.
func (c *contentCheck) place() {
	place := c.at(namePlace)
	code := c.member(place, nameCode)
	if len(code) == 0 {
		return
	}
	kind := string(c.member(place, nameCodeType))
	if !contentPlaceKnown(kind, string(code)) {
		c.warn(rulePlace, c.t.find(place, nameCode), code, kind)
	}
}

func contentPlaceKnown(kind, code string) bool {
	switch kind {
	case "Code postal":
		return territory.PostcodeKnown(code)
	case "Code commune":
		_, known := territory.CommuneByCode(code)
		return known
	case "Code département":
		return territory.DepartementName(code) != ""
	case "Code région":
		return territory.RegionName(code) != "" || contentOldRegions[code]
	case "Code pays":
		region, err := language.ParseRegion(code)
		return err == nil && region.IsCountry()
	}
	return true
}

// contentOldRegions are the codes of régions before 2016.
var contentOldRegions = map[string]bool{
	"21": true, "22": true, "23": true, "25": true, "26": true, "31": true, "41": true, "42": true, "43": true,
	"54": true, "72": true, "73": true, "74": true, "82": true, "83": true, "91": true,
}

// words checks lists in which one word excludes the others.
func (c *contentCheck) words() {
	for _, none := range contentNone {
		list := c.at(none.list)
		if list == 0 {
			continue
		}
		n, said := 0, int32(0)
		c.items(list, func(item int32) {
			n++
			if string(c.textAt(item)) == none.word {
				said = item
			}
		})
		if said > 0 && n > 1 {
			c.warn(ruleNoneWithAnother, said, []byte(none.word), "")
		}
	}
}
