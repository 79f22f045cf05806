package pivot

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"maillon/catalog/territory"
)

// contentOldest is the year before which no contract of these files was made:
// an older one is a typing error ("0218").
const contentOldest = "1990"

// Types of identifiers of suppliers that have a form of their own.
const (
	supplierSIRET = "SIRET"
	supplierVAT   = "TVA"
)

// contentProse tells which names are those of texts that people wrote.
var contentProse = func() (is [256]bool) {
	for _, name := range []string{"objet", "nom", "denominationSociale", "objetModification", "intituleTarif"} {
		is[schemaNameOf(name)] = true
	}
	return is
}()

// identifier checks the id of a buyer or supplier by its type.
func (c *contentCheck) identifier(id int32, kind string) {
	s := c.t.textOf(id)
	if c.xml {
		s = xmlTrim(s)
	}
	switch {
	case kind == supplierSIRET:
		if len(s) == 9 && territory.IsSIREN(s) {
			c.warn(ruleSIREN, id, s, "")
		} else if !territory.IsSIRET(s) {
			c.warn(ruleSIRETKey, id, s, "")
		}
	case judgeIsSIRET(s) && territory.IsSIRET(s) && slices.Contains(wordsSupplierID, kind):
		c.warn(ruleSupplierType, id, s, kind)
	case kind == supplierVAT && !contentIsVAT(s):
		c.warn(ruleVAT, id, s, "")
	}
}

// contentIsVAT reports whether s has the form of a VAT number: the two letters
// of a country, then 2 to 13 letters or digits, with a digit among them; spaces
// are let pass.
func contentIsVAT(s []byte) bool {
	s = bytes.ReplaceAll(s, []byte(" "), nil)
	if len(s) < 4 || len(s) > 15 || !bytes.ContainsAny(s, "0123456789") {
		return false
	}
	for i, c := range s {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i < 2 || !judgeDigit(c)) {
			return false
		}
	}
	return true
}

// contentTwiceEncoded reports whether UTF-8 was taken for windows-1252 and
// encoded again: "Ã©" for "é", "â€™" for "’".
func contentTwiceEncoded(s []byte) bool {
	for rest := s; ; {
		at := bytes.Index(rest, []byte("\u00c3"))
		if at < 0 {
			break
		}
		rest = rest[at+2:]
		if len(rest) >= 2 && rest[0] == 0xC2 && (rest[1] == 0xA9 || rest[1] == 0xA8 || rest[1] == 0xA0 || rest[1] == 0xB4) {
			return true
		}
	}
	return bytes.Contains(s, []byte("\u00e2\u20ac"))
}

// contentHasEntity reports whether a character reference of HTML was left in s.
func contentHasEntity(s []byte) bool {
	for {
		at := bytes.IndexByte(s, '&')
		if at < 0 {
			return false
		}
		s = s[at+1:]
		end := bytes.IndexByte(s[:min(len(s), 10)], ';')
		if end < 2 {
			continue
		}
		name := s[:end]
		if name[0] == '#' && (judgeDigits(name[1:]) || name[1]|0x20 == 'x') {
			return true
		}
		if len(bytes.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) == 0 {
			return true
		}
	}
}

// contentSaysNothing reports whether an objet tells a reader nothing.
func contentSaysNothing(s []byte) bool {
	const longest = 64 // more than that says something
	if len(s) > longest {
		return false
	}
	s = bytes.Trim(s, " .-_*\t\n")
	if utf8.RuneCount(s) < 4 {
		return true
	}
	if len(s) > 16 {
		return len(bytes.Trim(s, "xX")) == 0
	}
	switch string(bytes.ToLower(s)) {
	case "test", "tests", "essai", "objet", "marché", "marche", "néant", "neant", "sans objet", "non renseigné", "à compléter":
		return true
	}
	return len(bytes.Trim(s, "xX")) == 0
}
