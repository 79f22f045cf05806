package ocds

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/pivot"
	"maillon/catalog/territory"
)

// A party is an organisation of a release with its roles.
type party struct {
	id, name        string
	scheme, legalID string // "" if it has no identifier
	roles           []string
}

// Append appends the releases of a contract to b, that of its award and one for each
// modification, with commas between them and a line feed after each. A contract without
// any date takes that of at.
//
// address is that of the contract among all that are published, "" if it has none. The
// id of a release is its ocid, the day it was published, the number of modifications,
// and a sum of the address and of all that the releases say up to it. So no two releases
// of contracts with addresses have one id, wherever they are written, and none is ever
// replaced under its id. Lots are awards and contracts of their own in one process: they
// are told apart by the end of their address.
func (e *Encoder) Append(b []byte, address string, c *pivot.Contract, at time.Time) []byte {
	ocid, lot := OCID(e.prefix, c), "1"
	if _, hash, is := strings.Cut(address, "~"); is {
		lot = hash
	}
	s := state{doc: &e.doc, ocid: ocid, lot: lot, prefix: e.prefix}
	sum := sha256.Sum256([]byte(address))
	ids := make([]string, 0, len(c.Modifications)+1)
	for n := range len(c.Modifications) + 1 {
		now := *c
		now.Modifications = c.Modifications[:n]
		now = now.Current()
		published, notified, tags := c.Published, c.Notified, []string{"award", "contract"}
		if n > 0 {
			m := &c.Modifications[n-1]
			published, notified, tags = m.Published, m.Notified, []string{"contractAmendment"}
			if len(m.Suppliers) > 0 {
				tags = []string{"awardUpdate", "contractAmendment"}
			}
		}
		e.b = e.b[:0]
		s.date = instant(published, instant(notified, at.UTC().Format(time.RFC3339)))
		s.tags = tags
		s.release(&now)
		sum = next(sum, e.b, now.Modifications)
		ids = append(ids, e.id(ocid, published, n, sum))
		if n > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"ocid":`...), '"')
		b = append(append(append(b, ocid...), `","id":"`...), ids[n]...)
		b = append(append(b, `",`...), e.b...)
		b = s.amendments(b, now.Modifications, ids)
		b = append(b, "}]}\n"...)
	}
	return b
}

// next sums up a release after those before it, with the modification that it adds.
func next(before [sha256.Size]byte, said []byte, modifications []pivot.Modification) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(before[:]) //nolint:errcheck // never fails
	h.Write(said)      //nolint:errcheck // never fails
	if n := len(modifications); n > 0 {
		fmt.Fprintf(h, "%q %q", modifications[n-1].Notified, modifications[n-1].Object)
	}
	h.Sum(sum[:0])
	return sum
}

// id names a release. One that stands twice in a package without addresses gets a
// further number.
func (e *Encoder) id(ocid, published string, n int, sum [sha256.Size]byte) string {
	id := ocid
	if day(published) {
		id += "-" + published
	}
	const bytesOfSum = 8
	id += fmt.Sprintf("-%02d-%x", n, sum[:bytesOfSum])
	if e.used == nil {
		return id
	}
	h := fnv.New64a()
	h.Write([]byte(id)) //nolint:errcheck // never fails
	if e.used[h.Sum64()]++; e.used[h.Sum64()] > 1 {
		id += "-" + strconv.Itoa(e.used[h.Sum64()])
	}
	return id
}

// A state writes what a release says, from its date to the contract, which stays open
// for its amendments.
type state struct {
	*doc
	ocid, lot, prefix string
	date              string
	tags              []string
	parties           []party
}

func (s *state) release(c *pivot.Contract) {
	s.parties = s.parties[:0]
	buyer := s.party("buyer", "SIRET", c.Buyer.ID, c.Buyer.Name, "")
	var suppliers []int
	for i, f := range c.Suppliers {
		who := s.party("supplier", f.IDType, f.ID, f.Name, s.ocid+"-supplier-"+strconv.Itoa(i+1))
		if !slices.Contains(suppliers, who) { // a list of references has each once
			suppliers = append(suppliers, who)
		}
	}
	s.must("date", s.date)
	s.words("tag", s.tags...)
	s.must("initiationType", "tender")
	s.must("language", "fr")
	s.list("parties", len(s.parties), func(i int) { s.organisation(&s.parties[i]) })
	s.object("buyer", func() { s.reference(buyer) })
	s.object("tender", func() { s.tender(c) })
	s.list("awards", 1, func(int) { s.award(c, suppliers) })
	if c.FrameworkID != "" && c.FrameworkID != c.ID {
		s.list("relatedProcesses", 1, func(int) {
			s.must("id", "1")
			s.words("relationship", "framework")
			s.must("scheme", "ocid")
			s.must("identifier", s.prefix+url.PathEscape(c.Buyer.ID)+url.PathEscape(c.FrameworkID))
		})
	}
	s.key("contracts")
	s.b = append(s.b, '[', '{')
	s.contract(c)
}

// party finds an organisation, or adds it, and gives it a role. One without identifier
// is called otherwise. Under one identifier two names can stand, as where a buyer gave its
// own for that of a supplier: each is a party of its own, since a reference has the name
// of its party.
func (s *state) party(role, kind, id, name, otherwise string) int {
	p := party{id: otherwise, name: name, roles: []string{role}}
	if id != "" {
		p.scheme, p.legalID = "FR-RCS", id
		if kind != "SIRET" {
			p.scheme = "X-" + strings.ToUpper(url.PathEscape(kind))
		}
		p.id = p.scheme + "-" + url.PathEscape(id)
	}
	same := 0
	for i := range s.parties {
		known := &s.parties[i]
		if id == "" || known.scheme != p.scheme || known.legalID != id {
			continue
		}
		same++
		if name != "" && known.name != "" && known.name != name {
			continue
		}
		if !slices.Contains(known.roles, role) {
			known.roles = append(known.roles, role)
		}
		known.name = cmp.Or(known.name, name)
		return i
	}
	if same > 0 {
		p.id += "-" + strconv.Itoa(same+1)
	}
	s.parties = append(s.parties, p)
	return len(s.parties) - 1
}

func (s *state) organisation(p *party) {
	s.must("id", p.id)
	s.text("name", p.name)
	s.object("identifier", func() {
		s.text("scheme", p.scheme)
		s.text("id", p.legalID)
		s.text("legalName", p.name)
	})
	s.words("roles", p.roles...)
}

func (s *state) reference(i int) {
	s.must("id", s.parties[i].id)
	s.text("name", s.parties[i].name)
}

func (s *state) tender(c *pivot.Contract) {
	s.must("id", s.ocid+"-tender")
	s.text("title", c.Object)
	s.must("status", "complete")
	s.text("procurementMethod", method(c.Procedure))
	s.text("procurementMethodDetails", c.Procedure)
	s.text("mainProcurementCategory", category(c))
	if c.Offers != nil {
		s.whole("numberOfTenderers", *c.Offers)
	}
	if known := techniques(c.Techniques); len(known) > 0 {
		s.object("techniques", func() {
			for _, name := range known {
				s.key(name)
				s.b = append(s.b, "true"...)
			}
		})
	}
	s.items(c)
	s.period("contractPeriod", c)
}

func (s *state) award(c *pivot.Contract, suppliers []int) {
	s.must("id", s.ocid+"-award-"+s.lot)
	s.text("title", c.Object)
	s.must("status", "active")
	s.text("date", instant(c.Notified, ""))
	s.value(c.Amount)
	if len(suppliers) > 0 {
		s.list("suppliers", len(suppliers), func(i int) { s.reference(suppliers[i]) })
	}
	s.items(c)
	s.period("contractPeriod", c)
}

// contract writes the fields of the contract. Its items are those of the award, and so
// not repeated, as the standard asks.
func (s *state) contract(c *pivot.Contract) {
	s.must("id", s.ocid+"-contract-"+s.lot)
	s.must("awardID", s.ocid+"-award-"+s.lot)
	s.text("title", c.Object)
	s.must("status", "active")
	s.period("period", c)
	s.value(c.Amount)
	s.text("dateSigned", instant(c.Notified, ""))
}

// items writes the one item that a contract is of.
func (s *state) items(c *pivot.Contract) {
	s.list("items", 1, func(int) {
		s.must("id", s.ocid+"-item-"+s.lot)
		s.text("description", c.Object)
		if c.CPV != "" {
			s.object("classification", func() { s.must("scheme", "CPV"); s.must("id", c.CPV) })
		}
		if a, ok := delivery(c.Place); ok {
			s.object("deliveryAddress", func() {
				s.text("locality", a.locality)
				s.text("region", a.region)
				s.text("postalCode", a.postcode)
				s.text("countryName", a.country)
			})
		}
	})
}

func (s *state) value(f *float64) {
	if f == nil || math.IsNaN(*f) || math.IsInf(*f, 0) {
		return
	}
	s.object("value", func() {
		s.key("amount")
		s.b = pivot.AppendNumber(s.b, *f)
		s.must("currency", "EUR")
	})
}

// period is given in days, a month having 30.5.
func (s *state) period(name string, c *pivot.Contract) {
	start, days := instant(c.Start, ""), 0
	if c.Months != nil && *c.Months > 0 && *c.Months < 1<<16 {
		days = int(math.Floor(float64(*c.Months) * 30.5))
	}
	if start == "" && days == 0 {
		return
	}
	s.object(name, func() {
		s.text("startDate", start)
		if days > 0 {
			s.whole("durationInDays", days)
		}
	})
}

// amendments appends those of the contract so far to b.
func (s *state) amendments(b []byte, modifications []pivot.Modification, ids []string) []byte {
	if len(modifications) == 0 {
		return b
	}
	s.b = s.b[:0]
	s.list("amendments", len(modifications), func(i int) {
		m := &modifications[i]
		s.must("id", fmt.Sprintf("%s-amendment-%d", s.ocid, i+1))
		s.text("date", instant(m.Notified, ""))
		s.text("rationale", m.Object)
		s.must("amendsReleaseID", ids[i])
		s.must("releaseID", ids[i+1])
	})
	return append(append(b, ','), s.b...)
}

// method is the code of a procedure. One without a certain code, as that which
// each buyer adapts, has none.
func method(procedure string) string {
	switch procedure {
	case "Appel d'offres ouvert", "Procédure négociée ouverte", "Procédure non négociée ouverte":
		return "open"
	case "Appel d'offres restreint", "Procédure négociée restreinte", "Procédure non négociée restreinte", "Dialogue compétitif",
		"Procédure avec négociation", "Procédure concurrentielle avec négociation",
		"Procédure négociée avec mise en concurrence préalable":
		return "selective"
	case "Marché passé sans publicité ni mise en concurrence préalable",
		"Marché négocié sans publicité ni mise en concurrence préalable":
		return "limited"
	}
	return ""
}

// category is told by the division of the CPV code: 45 is works, up to 44 and 48
// are goods, the others services.
func category(c *pivot.Contract) string {
	if c.Kind == pivot.Concession {
		if c.Nature == "Concession de travaux" {
			return "works"
		}
		return "services"
	}
	if len(c.CPV) < 2 {
		return ""
	}
	division, err := strconv.Atoi(c.CPV[:2])
	switch {
	case err != nil || division < 3:
		return ""
	case division == 45:
		return "works"
	case division < 45 || division == 48:
		return "goods"
	}
	return "services"
}

// techniques are fields of the techniques extension, each once.
func techniques(list []string) (fields []string) {
	for _, t := range list {
		field := ""
		switch t {
		case "Accord-cadre":
			field = "hasFrameworkAgreement"
		case "Système d'acquisition dynamique":
			field = "hasDynamicPurchasingSystem"
		case "Enchère électronique":
			field = "hasElectronicAuction"
		}
		if field != "" && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	return fields
}

type address struct{ locality, region, postcode, country string }

// delivery is the address of a place; ok is false if nothing is known of it.
func delivery(p *pivot.Place) (a address, ok bool) {
	if p == nil || p.Code == "" {
		return a, false
	}
	a.country = "France"
	switch p.CodeType {
	case "Code postal":
		a.postcode, a.locality = p.Code, p.Name
	case "Code commune":
		if a.locality = p.Name; a.locality == "" {
			if c, ok := territory.CommuneByCode(p.Code); ok {
				a.locality = c.Name
			}
		}
	case "Code département":
		a.region = territory.DepartementName(p.Code)
	case "Code région":
		a.region = territory.RegionName(p.Code)
	case "Code pays":
		a.country = p.Code
	}
	return a, a != address{country: "France"}
}

// day reports whether s is a day of the calendar.
func day(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// instant is the beginning of a day, or otherwise if s is none.
func instant(s, otherwise string) string {
	if !day(s) {
		return otherwise
	}
	return s + "T00:00:00Z"
}
