package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/cpv"
	"maillon/catalog/territory"
)

// A Dimension is what contracts are counted and grouped by.
type Dimension string

// The dimensions. A contract with several suppliers is counted for each of them.
const (
	ByKind           Dimension = "kind"
	ByState          Dimension = "state"
	ByProcedure      Dimension = "procedure"
	ByNature         Dimension = "nature"
	ByTechnique      Dimension = "technique" // the first that is given
	ByDivision       Dimension = "cpv2"      // first two digits of the CPV code
	ByCPV            Dimension = "cpv"
	ByLevel          Dimension = "level" // of the buyer
	ByRegion         Dimension = "region"
	ByDepartement    Dimension = "departement"
	ByEPCI           Dimension = "epci"
	ByCommune        Dimension = "commune"
	ByBuyerRegion    Dimension = "buyer_region"
	ByBuyerDep       Dimension = "buyer_departement"
	ByYear           Dimension = "year" // of notification
	ByQuarter        Dimension = "quarter"
	ByMonth          Dimension = "month"
	ByEndYear        Dimension = "end_year"
	ByEndMonth       Dimension = "end_month"
	ByOffers         Dimension = "offers"        // received
	BySocial         Dimension = "social"        // oui, non
	ByEnvironment    Dimension = "environmental" // oui, non
	ByModified       Dimension = "modified"      // oui, non
	ByNode           Dimension = "node"
	ByBuyer          Dimension = "buyer"
	BySupplier       Dimension = "supplier"
	ByFirmCommune    Dimension = "supplier_commune" // of the supplier named first, as a register knows it
	ByFirmEPCI       Dimension = "supplier_epci"
	ByFirmDep        Dimension = "supplier_departement"
	ByFirmRegion     Dimension = "supplier_region"
	BySize           Dimension = "supplier_size"  // PME, ETI, GE
	ByLocal          Dimension = "supplier_local" // smallest territory shared with the buyer: commune, epci, departement, region, ailleurs
	mostSupplierBase base      = bases            // the suppliers' list stands for a base
)

// A spec is how a dimension is had: a base, and what becomes of its codes.
type spec struct {
	base base
	fold func(c *core, code uint32) uint32           // nil: the code itself
	size func(c *core) int                           // of the folded codes; nil: those of the base
	code func(c *core, code uint32) string           // what stands for it in addresses
	name func(c *core, code string, n uint32) string // for people; nil: the code
}

var dimensions = map[Dimension]spec{
	ByKind:  {base: baseTrait, size: sized(3), fold: func(c *core, n uint32) uint32 { return 1 + c.mixOf(n).flags/flagConcession&1 }, code: listed(kinds)},
	ByState: {base: baseTrait, size: sized(5), fold: func(c *core, n uint32) uint32 { return 1 + c.mixOf(n).flags&flagState }, code: listed(stateNames())},
	ByProcedure: {base: baseTrait, size: sizeOfDict(func(c *core) *dict { return c.procedures }), fold: func(c *core, n uint32) uint32 { return c.mixOf(n).procedure },
		code: func(c *core, n uint32) string { return c.procedures.values[n] }},
	ByNature: {base: baseTrait, size: sizeOfDict(func(c *core) *dict { return c.natures }), fold: func(c *core, n uint32) uint32 { return c.mixOf(n).nature },
		code: func(c *core, n uint32) string { return c.natures.values[n] }},
	ByTechnique: {base: baseTrait, size: sizeOfDict(func(c *core) *dict { return c.techniques }), fold: func(c *core, n uint32) uint32 { return c.mixOf(n).technique },
		code: func(c *core, n uint32) string { return c.techniques.values[n] }},
	ByDivision: {base: baseScope, size: sized(101), fold: func(c *core, n uint32) uint32 { return c.cards.scopes.values[n].division },
		code: func(_ *core, n uint32) string { return paddedCode(n, 2) }, name: func(_ *core, code string, _ uint32) string { return cpv.French(code + "000000") }},
	ByCPV: {base: baseCPV, code: func(c *core, n uint32) string { return c.cpvs.values[n] },
		name: func(_ *core, code string, _ uint32) string { return cpv.French(code) }},
	ByLevel: {base: baseDesk, size: sized(len(levels) + 1), fold: func(c *core, n uint32) uint32 { return c.cards.desks.values[n].level },
		code: listed(levels)},
	ByRegion: {base: baseScope, size: sizeOfDict(func(c *core) *dict { return c.places.regions }), fold: func(c *core, n uint32) uint32 { return c.cards.scopes.values[n].region },
		code: func(c *core, n uint32) string { return c.places.regions.values[n] },
		name: func(_ *core, code string, _ uint32) string { return territory.RegionName(code) }},
	ByDepartement: {base: baseScope, size: sizeOfDict(func(c *core) *dict { return c.places.departements }), fold: func(c *core, n uint32) uint32 { return c.cards.scopes.values[n].departement },
		code: func(c *core, n uint32) string { return c.places.departements.values[n] },
		name: func(_ *core, code string, _ uint32) string { return territory.DepartementName(code) }},
	ByEPCI: {base: basePlace, size: sizeOfDict(func(c *core) *dict { return c.places.epcis }), fold: func(c *core, n uint32) uint32 { return c.spots.values[n].epci },
		code: func(c *core, n uint32) string { return c.places.epcis.values[n] }, name: zoneName("epci")},
	ByCommune: {base: basePlace, size: sizeOfDict(func(c *core) *dict { return c.places.communes }), fold: func(c *core, n uint32) uint32 { return c.spots.values[n].commune },
		code: func(c *core, n uint32) string { return c.places.communes.values[n] }, name: zoneName("commune")},
	ByBuyerRegion: {base: baseDesk, size: func(c *core) int { return len(c.places.regions.values) },
		fold: func(c *core, n uint32) uint32 { return c.buyerFacts[c.cards.desks.values[n].buyer].region },
		code: func(c *core, n uint32) string { return c.places.regions.values[n] }, name: zoneName("region")},
	ByBuyerDep: {base: baseDesk, size: func(c *core) int { return len(c.places.departements.values) },
		fold: func(c *core, n uint32) uint32 { return c.buyerFacts[c.cards.desks.values[n].buyer].departement },
		code: func(c *core, n uint32) string { return c.places.departements.values[n] }, name: zoneName("departement")},
	ByYear: {base: baseTrait, size: sized(lastYear - firstYear + 2), fold: func(c *core, n uint32) uint32 { return c.cards.traits.values[n].year }, code: yearCode},
	ByQuarter: {base: baseMonth, size: sized((lastYear-firstYear+1)*4 + 1), fold: func(_ *core, n uint32) uint32 { return (n + 2) / 3 },
		code: func(_ *core, n uint32) string {
			if n == 0 {
				return ""
			}
			return fmt.Sprintf("%d-T%d", firstYear+(n-1)/4, (n-1)%4+1)
		}},
	ByMonth:    {base: baseMonth, code: monthCode},
	ByEndYear:  {base: baseEndMonth, size: sized(lastYear - firstYear + 2), fold: yearOf, code: yearCode},
	ByEndMonth: {base: baseEndMonth, code: monthCode},
	ByOffers: {base: baseOffers, code: func(_ *core, n uint32) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(int(n) - 1)
	}},
	BySocial:      {base: baseTrait, size: sized(3), fold: yesNo(flagSocialKnown, flagSocial), code: listed([]string{"oui", "non"})},
	ByEnvironment: {base: baseTrait, size: sized(3), fold: yesNo(flagGreenKnown, flagGreen), code: listed([]string{"oui", "non"})},
	ByModified:    {base: baseTrait, size: sized(3), fold: yesNo(0, flagModified), code: listed([]string{"oui", "non"})},
	ByFirmCommune: ofFirm(0, func(p *places) *dict { return p.communes }),
	ByFirmEPCI:    ofFirm(1, func(p *places) *dict { return p.epcis }),
	ByFirmDep:     ofFirm(2, func(p *places) *dict { return p.departements }),
	ByFirmRegion:  ofFirm(3, func(p *places) *dict { return p.regions }),
	BySize: {base: baseFirm, size: sized(len(sizes) + 1), fold: func(c *core, n uint32) uint32 { return uint32(c.sites.firms.values[n].size) },
		code: listed(sizes)},
	ByLocal: {base: baseFirm, size: sized(len(nearLevels) + 1), fold: func(c *core, n uint32) uint32 { return c.sites.firms.values[n].near() },
		code: listed(nearLevels)},
	ByNode: {base: baseDesk, size: sizeOfDict(func(c *core) *dict { return c.nodes }), fold: func(c *core, n uint32) uint32 { return c.cards.desks.values[n].node },
		code: func(c *core, n uint32) string { return c.nodes.values[n] }},
	ByBuyer: {base: baseDesk, size: sizeOfDict(func(c *core) *dict { return c.buyers }), fold: func(c *core, n uint32) uint32 { return c.cards.desks.values[n].buyer },
		code: func(c *core, n uint32) string { return c.buyers.values[n] },
		name: func(c *core, _ string, n uint32) string { return c.buyerName(n) }},
	BySupplier: {base: mostSupplierBase, code: func(c *core, n uint32) string { return c.suppliers.values[n] },
		name: func(c *core, _ string, n uint32) string { return c.supplierNames[n] }},
}

// Dimensions lists the dimensions, sorted.
func Dimensions() []Dimension {
	var out []Dimension
	for d := range dimensions {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}

// Facets lists the dimensions that "all" asks for, in the order in which pages show them.
func Facets() []Dimension {
	return []Dimension{ByKind, ByYear, ByRegion, ByDepartement, ByDivision, ByProcedure, ByNature, ByTechnique, ByLevel, BySocial, ByEnvironment, ByState,
		ByBuyer, BySupplier, ByLocal, ByFirmDep, BySize, ByNode}
}

// Known reports whether there is such a dimension.
func (d Dimension) Known() bool { _, ok := dimensions[d]; return ok }

// ofFirm is the supplier's territory at a level.
func ofFirm(level int, of func(*places) *dict) spec {
	return spec{base: baseFirm, size: func(c *core) int { return len(of(c.sites.places).values) },
		fold: func(c *core, n uint32) uint32 { return c.sites.firms.values[n].levels[level] },
		code: func(c *core, n uint32) string { return of(c.sites.places).values[n] }, name: zoneName(zones[level])}
}

func sizeOfDict(of func(*core) *dict) func(*core) int {
	return func(c *core) int { return len(of(c).values) }
}

func sized(n int) func(*core) int { return func(*core) int { return n } }

// listed gives the codes 1, 2, … as the texts of a list.
func listed(list []string) func(*core, uint32) string {
	return func(_ *core, n uint32) string {
		if n == 0 || int(n) > len(list) {
			return ""
		}
		return list[n-1]
	}
}

func paddedCode(n uint32, width int) string {
	if n == 0 {
		return ""
	}
	s := strconv.Itoa(int(n) - 1)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

func yesNo(known, is uint32) func(*core, uint32) uint32 {
	return func(c *core, n uint32) uint32 {
		switch f := c.mixOf(n).flags; {
		case f&is != 0:
			return 1
		case known == 0 || f&known != 0:
			return 2
		}
		return 0
	}
}

func yearOf(_ *core, n uint32) uint32 { return (n + 11) / 12 }

func yearCode(_ *core, n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(firstYear + int(n) - 1)
}

func monthCode(_ *core, n uint32) string {
	if n == 0 {
		return ""
	}
	y, m := yearMonth(n)
	return fmt.Sprintf("%d-%02d", y, m)
}

func zoneName(level string) func(*core, string, uint32) string {
	return func(_ *core, code string, _ uint32) string {
		z, err := territory.ParseGeozone("fr:" + level + ":" + code)
		if err != nil {
			return ""
		}
		return territory.Name(z)
	}
}

// buyerName is the name that was given last, else that of the geographic code.
func (c *core) buyerName(code uint32) string {
	if n := c.buyerNames[code]; n != "" {
		return n
	}
	return c.buyerFacts[code].name
}
