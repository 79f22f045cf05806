package pivot

import (
	"bytes"
	"slices"
	"strconv"
)

// Bounds beyond which a number is hardly meant.
const (
	contentLongMarche     = 180  // months
	contentLongConcession = 1188 // months: ninety-nine years
	contentJump           = 10   // times an amount grew or shrank by one modification
)

// numbers checks amounts, shares and durations against each other.
func (c *contentCheck) numbers() {
	if eu, ok := c.number(c.at(nameOriginEU)); ok {
		if fr, ok := c.number(c.at(nameOriginFR)); ok && fr > eu {
			c.warn(ruleOrigin, c.at(nameOriginFR), contentNumber(fr), string(contentNumber(eu)))
		}
	}
	value, hasValue := c.number(c.at(nameValue))
	if subsidy, ok := c.number(c.at(nameSubsidy)); ok && hasValue && subsidy > value {
		c.warn(ruleSubsidy, c.at(nameSubsidy), contentNumber(subsidy), string(contentNumber(value)))
	}
	most := contentLongMarche
	if c.at(nameAuthority) > 0 {
		most = contentLongConcession
	}
	if months, ok := c.number(c.at(nameMonths)); ok && months > float64(most) {
		c.warn(ruleDuration, c.at(nameMonths), contentNumber(months), strconv.Itoa(most))
	}
	if advance, ok := c.flag(c.at(nameAdvance)); ok && !advance {
		if rate, ok := c.number(c.at(nameAdvanceRate)); ok && rate > 0 {
			c.warn(ruleAdvance, c.at(nameAdvanceRate), contentNumber(rate), "0")
		}
	}
}

func contentNumber(f float64) []byte { return strconv.AppendFloat(nil, f, 'f', -1, 64) }

// contentFew is the number of items of a list that are compared with each other.
const contentFew = 100

// suppliers checks the titulaires or concessionnaires.
func (c *contentCheck) suppliers() {
	list := c.at(nameSuppliers)
	if list == 0 {
		list = c.at(nameConcessionaires)
	}
	buyer := c.member(c.at(nameBuyer), nameID)
	if buyer == nil {
		buyer = c.member(c.at(nameAuthority), nameID)
	}
	var seen [][]byte
	n := 0
	c.items(list, func(item int32) {
		n++
		if c.t.nodes[item].kind != '{' || n > contentFew {
			return
		}
		id := c.member(item, nameID)
		if len(id) == 0 {
			return
		}
		switch {
		case bytes.Equal(id, buyer):
			c.warn(ruleSupplierBuyer, c.t.find(item, nameID), id, "")
		case slices.ContainsFunc(seen, func(other []byte) bool { return bytes.Equal(other, id) }):
			c.warn(ruleSupplierRepeated, c.t.find(item, nameID), id, "")
		}
		seen = append(seen, id)
	})
	grouping := c.at(nameGrouping)
	switch word := c.textAt(grouping); {
	case word == nil || n == 0:
	case n > 1 && string(word) == "Pas de groupement",
		n == 1 && (string(word) == "Conjoint" || string(word) == "Solidaire"):
		c.warn(ruleGrouping, grouping, word, strconv.Itoa(n))
	}
}

// subcontracts checks the acts of subcontracting and their changes.
func (c *contentCheck) subcontracts() {
	var ids [][]byte
	n := 0
	total, hasTotal := c.number(c.at(nameAmount))
	c.items(c.at(nameSubcontracts), func(item int32) {
		if n++; c.t.nodes[item].kind != '{' || n > contentFew {
			return
		}
		if id := c.t.find(item, nameID); id > 0 {
			ids = append(ids, c.scalar(id))
		}
		amount := c.t.find(item, nameAmount)
		if part, ok := c.number(amount); ok && hasTotal && part > total {
			c.warn(ruleSubcontractAmount, amount, contentNumber(part), string(contentNumber(total)))
		}
	})
	if declared, ok := c.flag(c.at(nameDeclared)); ok && !declared && n > 0 {
		c.warn(ruleSubcontractFlag, c.at(nameDeclared), []byte("false"), "true")
	}
	if n > contentFew {
		return
	}
	c.items(c.at(nameSubcontractChanges), func(item int32) {
		if c.t.nodes[item].kind != '{' {
			return
		}
		id := c.t.find(item, nameID)
		if id > 0 && !slices.ContainsFunc(ids, func(other []byte) bool { return bytes.Equal(other, c.scalar(id)) }) {
			c.warn(ruleSubcontractUnknown, id, c.scalar(id), "")
		}
	})
}

// scalar is the text or number at node as people read it.
func (c *contentCheck) scalar(node int32) []byte {
	if s := c.textAt(node); s != nil {
		return s
	}
	return c.t.rawOf(node)
}

// modifications checks that each says something, under an id of its own.
func (c *contentCheck) modifications() {
	amount, _ := c.number(max(c.at(nameAmount), c.at(nameValue)))
	months, _ := c.number(c.at(nameMonths))
	var ids [][]byte
	c.items(c.at(nameModifications), func(item int32) {
		if c.t.nodes[item].kind != '{' || len(ids) > contentFew {
			return
		}
		if id := c.t.find(item, nameID); id > 0 {
			s := c.scalar(id)
			if slices.ContainsFunc(ids, func(other []byte) bool { return bytes.Equal(other, s) }) {
				c.warn(ruleModificationID, id, s, "")
			}
			ids = append(ids, s)
		}
		node := max(c.t.find(item, nameAmount), c.t.find(item, nameValue))
		newAmount, hasAmount := c.number(node)
		newMonths, hasMonths := c.number(c.t.find(item, nameMonths))
		same := (!hasAmount || newAmount == amount) && (!hasMonths || newMonths == months)
		if same && c.t.find(item, nameSuppliers) < 0 && c.t.find(item, nameConcessionaires) < 0 {
			c.warn(ruleModificationNothing, item, nil, "")
		}
		if hasAmount && amount > 1 && newAmount > 1 && (newAmount > contentJump*amount || amount > contentJump*newAmount) {
			c.warn(ruleModificationAmount, node, contentNumber(newAmount), string(contentNumber(amount)))
		}
		if hasAmount {
			amount = newAmount
		}
		if hasMonths {
			months = newMonths
		}
	})
}
