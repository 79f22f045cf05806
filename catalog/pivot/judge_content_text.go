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
	s := c.t.textOf(id, nil)
	if c.xml {
		s = xmlTrim(s)
	}
	switch {
	case kind == supplierSIRET:
		if len(s) == 9 && contentIsSIREN(s) {
			c.warn(ruleSIREN, id, s, "")
		} else if !contentIsSIRET(s) {
			c.warn(ruleSIRETKey, id, s, "")
		}
	case judgeIsSIRET(s) && contentIsSIRET(s) && slices.Contains(wordsSupplierID, kind):
		c.warn(ruleSupplierType, id, s, kind)
	case kind == supplierVAT && !contentIsVAT(s):
		c.warn(ruleVAT, id, s, "")
	}
}

func contentIsSIRET(s []byte) bool {
	_, err := territory.ParseSIRET(string(s))
	return err == nil
}

func contentIsSIREN(s []byte) bool {
	_, err := territory.ParseSIREN(string(s))
	return err == nil
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
	return bytes.Contains(s, []byte("\u00c3\u00a9")) || bytes.Contains(s, []byte("\u00c3\u00a8")) ||
		bytes.Contains(s, []byte("\u00c3\u00a0")) || bytes.Contains(s, []byte("\u00c3\u00b4")) ||
		bytes.Contains(s, []byte("\u00e2\u20ac"))
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
	s = bytes.Trim(s, " .-_*\t\n")
	if utf8.RuneCount(s) < 4 {
		return true
	}
	switch string(bytes.ToLower(s)) {
	case "test", "tests", "essai", "objet", "marché", "marche", "néant", "neant", "sans objet", "non renseigné", "à compléter":
		return true
	}
	return len(bytes.Trim(s, "xX")) == 0
}
