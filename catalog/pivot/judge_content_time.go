package pivot

import (
	"bytes"
	"fmt"
)

// contentMonths is the time within which data must be published after
// notification (arrêtés of 22/12/2022).
const contentMonths = 2

// timeline checks the order of the dates, and that publication was in time.
func (c *contentCheck) timeline() {
	signed := c.at(nameNotified)
	if signed == 0 {
		signed = c.at(nameSigned)
	}
	published, start := c.at(namePublished), c.at(nameStart)
	from, to, begin := c.dayAt(signed), c.dayAt(published), c.dayAt(start)
	c.after(published, from, to)
	c.after(start, from, begin)
	switch {
	case from == nil || to == nil:
	case begin != nil: // a concession is published before its execution begins
		if bytes.Compare(to, begin) > 0 {
			c.warn(ruleLateConcession, published, to, string(begin))
		}
	default:
		c.late(published, from, to)
	}
	c.items(c.at(nameModifications), func(item int32) {
		if c.t.nodes[item].kind != '{' {
			return
		}
		changed := c.t.find(item, nameChanged)
		if changed < 0 {
			changed = c.t.find(item, nameChangedSigned)
		}
		day := c.dayAt(changed)
		c.after(changed, from, day)
		told := c.t.find(item, nameChangePublished)
		c.after(told, day, c.dayAt(told))
		c.late(told, day, c.dayAt(told))
	})
}

// after warns if the later of two days, which stands at node, is the earlier one.
func (c *contentCheck) after(node int32, first, later []byte) {
	if first != nil && later != nil && bytes.Compare(later, first) < 0 {
		c.warn(ruleDateOrder, node, later, string(first))
	}
}

// late warns of a publication more than two months after the notification.
func (c *contentCheck) late(node int32, notified, published []byte) {
	if notified == nil || published == nil || string(notified[:4]) < contentOldest {
		return
	}
	if limit := contentCount(notified) + contentMonths*100; contentCount(published) > contentCarry(limit) {
		c.warn(ruleLate, node, published, contentDay(contentCarry(limit)))
	}
}

// contentCount is a day as a number: 20240131. The 31st of a month may give, some
// months later, a day that its month does not have: it compares as the month's
// end.
func contentCount(day []byte) int {
	n := 0
	for _, c := range day {
		if c != '-' {
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// contentCarry brings months past December into the next year.
func contentCarry(n int) int {
	if n/100%100 > 12 {
		n += 100*100 - 12*100
	}
	return n
}

func contentDay(n int) string { return fmt.Sprintf("%04d-%02d-%02d", n/10000, n/100%100, n%100) }
