package ocds

import (
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/pivot"
	"maillon/catalog/territory"
)

type release struct {
	OCID           string     `json:"ocid"`
	ID             string     `json:"id"`
	Date           string     `json:"date"`
	Tag            []string   `json:"tag"`
	InitiationType string     `json:"initiationType"`
	Language       string     `json:"language"`
	Parties        []party    `json:"parties"`
	Buyer          *reference `json:"buyer,omitempty"`
	Tender         tender     `json:"tender"`
	Awards         []award    `json:"awards"`
	Contracts      []contract `json:"contracts"`
	Related        []related  `json:"relatedProcesses,omitempty"`
}

type reference struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

type party struct {
	ID         string     `json:"id"`
	Name       string     `json:"name,omitempty"`
	Identifier identifier `json:"identifier"`
	Roles      []string   `json:"roles"`
}

type identifier struct {
	Scheme string `json:"scheme,omitempty"`
	ID     string `json:"id,omitempty"`
	Name   string `json:"legalName,omitempty"`
}

type tender struct {
	ID         string          `json:"id"`
	Title      string          `json:"title,omitempty"`
	Status     string          `json:"status"`
	Method     string          `json:"procurementMethod,omitempty"`
	Details    string          `json:"procurementMethodDetails,omitempty"`
	Category   string          `json:"mainProcurementCategory,omitempty"`
	Tenderers  *int            `json:"numberOfTenderers,omitempty"`
	Techniques map[string]bool `json:"techniques,omitempty"`
	Items      []item          `json:"items,omitempty"`
	Period     *period         `json:"contractPeriod,omitempty"`
}

type award struct {
	ID        string      `json:"id"`
	Title     string      `json:"title,omitempty"`
	Status    string      `json:"status"`
	Date      string      `json:"date,omitempty"`
	Value     *value      `json:"value,omitempty"`
	Suppliers []reference `json:"suppliers,omitempty"`
	Items     []item      `json:"items,omitempty"`
	Period    *period     `json:"contractPeriod,omitempty"`
}

type contract struct {
	ID         string      `json:"id"`
	AwardID    string      `json:"awardID"`
	Title      string      `json:"title,omitempty"`
	Status     string      `json:"status"`
	Period     *period     `json:"period,omitempty"`
	Value      *value      `json:"value,omitempty"`
	Items      []item      `json:"items,omitempty"`
	Signed     string      `json:"dateSigned,omitempty"`
	Amendments []amendment `json:"amendments,omitempty"`
}

type amendment struct {
	ID        string `json:"id"`
	Date      string `json:"date,omitempty"`
	Rationale string `json:"rationale,omitempty"`
	Amends    string `json:"amendsReleaseID"`
	Release   string `json:"releaseID"`
}

type item struct {
	ID             string          `json:"id"`
	Description    string          `json:"description,omitempty"`
	Classification *classification `json:"classification,omitempty"`
	Address        *address        `json:"deliveryAddress,omitempty"`
}

type classification struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
}

type address struct {
	Locality string `json:"locality,omitempty"`
	Region   string `json:"region,omitempty"`
	Postcode string `json:"postalCode,omitempty"`
	Country  string `json:"countryName,omitempty"`
}

type value struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"`
}

type period struct {
	Start string `json:"startDate,omitempty"`
	Days  int    `json:"durationInDays,omitempty"`
}

type related struct {
	ID           string   `json:"id"`
	Relationship []string `json:"relationship"`
	Scheme       string   `json:"scheme"`
	Identifier   string   `json:"identifier"`
}

// A packer makes the releases of a package; no two have one id.
type packer struct {
	Options
	used map[uint64]int
}

// releases gives that of the award, then one for each modification.
func (p *packer) releases(c pivot.Contract) iter.Seq[release] {
	return func(yield func(release) bool) {
		ocid := OCID(p.Prefix, &c)
		ids := make([]string, 0, len(c.Modifications)+1)
		for n := range len(c.Modifications) + 1 {
			now := c
			now.Modifications = c.Modifications[:n]
			now = now.Current()
			published, notified := c.Published, c.Notified
			if n > 0 {
				published, notified = c.Modifications[n-1].Published, c.Modifications[n-1].Notified
			}
			r := p.release(ocid, &now)
			r.Date = instant(published, instant(notified, p.Published.UTC().Format(time.RFC3339)))
			ids = append(ids, p.id(ocid, published, n))
			if r.ID = ids[n]; n > 0 {
				r.Tag = []string{"contractAmendment"}
				if len(c.Modifications[n-1].Suppliers) > 0 {
					r.Tag = []string{"awardUpdate", "contractAmendment"}
				}
				r.Contracts[0].Amendments = amendments(ocid, c.Modifications[:n], ids)
			}
			if !yield(r) {
				return
			}
		}
	}
}

// id names a release: the day it was published and the number of modifications. A
// contract that stands twice in a package gets a further number.
func (p *packer) id(ocid, published string, n int) string {
	id := ocid
	if day(published) {
		id += "-" + published
	}
	id += fmt.Sprintf("-%02d", n)
	h := fnv.New64a()
	h.Write([]byte(id)) //nolint:errcheck // never fails
	if p.used[h.Sum64()]++; p.used[h.Sum64()] > 1 {
		id += "-" + strconv.Itoa(p.used[h.Sum64()])
	}
	return id
}

func amendments(ocid string, modifications []pivot.Modification, ids []string) []amendment {
	var list []amendment
	for i, m := range modifications {
		list = append(list, amendment{
			ID: fmt.Sprintf("%s-amendment-%d", ocid, i+1), Date: instant(m.Notified, ""), Rationale: m.Object,
			Amends: ids[i], Release: ids[i+1],
		})
	}
	return list
}

// release is that of a contract as it is now.
func (p *packer) release(ocid string, c *pivot.Contract) release {
	items := []item{{ID: ocid + "-item-1", Description: c.Object, Address: delivery(c.Place)}}
	if c.CPV != "" {
		items[0].Classification = &classification{"CPV", c.CPV}
	}
	r := release{
		OCID: ocid, Tag: []string{"award", "contract"}, InitiationType: "tender", Language: "fr",
		Tender: tender{
			ID: ocid + "-tender", Title: c.Object, Status: "complete", Method: method(c.Procedure), Details: c.Procedure,
			Category: category(c), Tenderers: c.Offers, Techniques: techniques(c.Techniques), Items: items, Period: duration(c),
		},
		Awards: []award{{
			ID: ocid + "-award-1", Title: c.Object, Status: "active", Date: instant(c.Notified, ""), Value: amount(c.Amount),
			Items: items, Period: duration(c),
		}},
		Contracts: []contract{{
			ID: ocid + "-contract-1", AwardID: ocid + "-award-1", Title: c.Object, Status: "active", Period: duration(c),
			Value: amount(c.Amount), Items: items, Signed: instant(c.Notified, ""),
		}},
	}
	r.Buyer = r.party("buyer", "SIRET", c.Buyer.ID, c.Buyer.Name, "")
	for i, s := range c.Suppliers {
		ref := r.party("supplier", s.IDType, s.ID, s.Name, ocid+"-supplier-"+strconv.Itoa(i+1))
		r.Awards[0].Suppliers = append(r.Awards[0].Suppliers, *ref)
	}
	if c.FrameworkID != "" && c.FrameworkID != c.ID {
		parent := *c
		parent.ID, parent.Modifications = c.FrameworkID, nil
		r.Related = []related{{ID: "1", Relationship: []string{"framework"}, Scheme: "ocid", Identifier: p.Prefix + url.PathEscape(c.Buyer.ID) + url.PathEscape(parent.ID)}}
	}
	return r
}

// party adds an organisation, or a role to one that is there. One without
// identifier is called otherwise.
func (r *release) party(role, kind, id, name, otherwise string) *reference {
	scheme := "FR-RCS"
	if kind != "SIRET" {
		scheme = "X-" + strings.ToUpper(url.PathEscape(kind))
	}
	who := scheme + "-" + url.PathEscape(id)
	legal := identifier{Scheme: scheme, ID: id, Name: name}
	if id == "" {
		who, legal = otherwise, identifier{Name: name}
	}
	for i := range r.Parties {
		if p := &r.Parties[i]; p.ID == who {
			if p.Roles[len(p.Roles)-1] != role {
				p.Roles = append(p.Roles, role)
			}
			return &reference{ID: who, Name: name}
		}
	}
	r.Parties = append(r.Parties, party{ID: who, Name: name, Identifier: legal, Roles: []string{role}})
	return &reference{ID: who, Name: name}
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

// techniques are fields of the techniques extension.
func techniques(list []string) map[string]bool {
	has := map[string]bool{}
	for _, t := range list {
		switch t {
		case "Accord-cadre":
			has["hasFrameworkAgreement"] = true
		case "Système d'acquisition dynamique":
			has["hasDynamicPurchasingSystem"] = true
		case "Enchère électronique":
			has["hasElectronicAuction"] = true
		}
	}
	return has
}

func delivery(p *pivot.Place) *address {
	if p == nil || p.Code == "" {
		return nil
	}
	a := address{Country: "France"}
	switch p.CodeType {
	case "Code postal":
		a.Postcode, a.Locality = p.Code, p.Name
	case "Code commune":
		if a.Locality = p.Name; a.Locality == "" {
			if c, ok := territory.CommuneByCode(p.Code); ok {
				a.Locality = c.Name
			}
		}
	case "Code département":
		a.Region = territory.DepartementName(p.Code)
	case "Code région":
		a.Region = territory.RegionName(p.Code)
	case "Code pays":
		a.Country = p.Code
	}
	if a == (address{Country: "France"}) {
		return nil
	}
	return &a
}

func amount(f *float64) *value {
	if f == nil || math.IsNaN(*f) || math.IsInf(*f, 0) {
		return nil
	}
	return &value{*f, "EUR"}
}

// duration is given in days, a month having 30.5.
func duration(c *pivot.Contract) *period {
	p := period{Start: instant(c.Start, "")}
	if c.Months != nil && *c.Months > 0 && *c.Months < 1<<16 {
		p.Days = int(math.Floor(float64(*c.Months) * 30.5))
	}
	if p == (period{}) {
		return nil
	}
	return &p
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
