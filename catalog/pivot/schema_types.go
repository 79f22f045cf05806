package pivot

import "math"

// is makes the types of fields, as the tables write them: is.whole(1).
var is schemaTypes

type schemaTypes struct{}

var schemaUnset = math.NaN()

// text is a text of least to most characters; 0 for most sets no limit.
func (schemaTypes) text(least, most int) schemaType {
	t := schemaType{Sort: sortText, Min: float64(least), Max: float64(most)}
	if most == 0 {
		t.Max = schemaUnset
	}
	return t
}

// word is one of a closed list.
func (schemaTypes) word(of []string) schemaType { return schemaType{Sort: sortWord, Words: of} }

// whole is a whole number, of at least the limit if one is given.
func (schemaTypes) whole(limit ...float64) schemaType { return schemaNumber(sortWhole, limit) }

// amount is a number, of at least the limit if one is given.
func (schemaTypes) amount(limit ...float64) schemaType { return schemaNumber(sortAmount, limit) }

// ratio is a share, 0 to 1.
func (schemaTypes) ratio() schemaType { return schemaNumber(sortAmount, []float64{0, 1}) }

func schemaNumber(s schemaSort, limit []float64) schemaType {
	t := schemaType{Sort: s, Min: schemaUnset, Max: schemaUnset}
	if len(limit) > 0 {
		t.Min = limit[0]
	}
	if len(limit) > 1 {
		t.Max = limit[1]
	}
	return t
}

func (schemaTypes) date() schemaType  { return schemaType{Sort: sortDate} }
func (schemaTypes) siret() schemaType { return schemaType{Sort: sortSIRET} }
func (schemaTypes) cpv() schemaType   { return schemaType{Sort: sortCPV} }
func (schemaTypes) uid() schemaType   { return schemaType{Sort: sortUID} }
func (schemaTypes) flag() schemaType  { return schemaType{Sort: sortFlag} }

func (schemaTypes) object(g *schemaGroup) schemaType { return schemaType{Sort: sortObject, Group: g} }

// list is a list of at least least items of g, each called item where the
// layout names items.
func (schemaTypes) list(item string, least int, g *schemaGroup) schemaType {
	return schemaType{Sort: sortList, Item: item, AtLeast: least, Group: g}
}

// words is a list of at least least of the words, each called item where the
// layout names items.
func (schemaTypes) words(item string, least int, of []string) schemaType {
	return schemaType{Sort: sortWords, Item: item, AtLeast: least, Words: of}
}

// orEmpty accepts null in JSON, or an empty element in XML, as well.
func (t schemaType) orEmpty() schemaType { t.Empty = true; return t }

// twice lets the same item stand twice.
func (t schemaType) twice() schemaType { t.Twice = true; return t }

// firstOnly is how 1.4.0 writes its lists: only their first item is checked.
func (t schemaType) firstOnly() schemaType { t.First = true; return t }

// anyWrapper accepts anything but an object as the wrapper of an item in the
// nested layout, where the schema gives it no type.
func (t schemaType) anyWrapper() schemaType { t.AnyWrapper = true; return t }

// int32 is xs:int of the XSD: it has a largest value.
func (t schemaType) int32() schemaType { t.Max = math.MaxInt32; return t }

// xsBool is xs:boolean of the XSD, where later ones list words.
func (t schemaType) xsBool() schemaType { t.XSBool = true; return t }
