package pivot

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A tableSort says how a cell is read.
type tableSort uint8

const (
	tableText   tableSort = iota
	tableID               // digits, in which spaces and what a spreadsheet made of them go
	tableCode             // of a place
	tableNumber           // decimal or whole
	tableDay
	tableFlag
	tableWords // several values of a closed list in one cell
	tableMeta  // about the line, not the contract
)

// A tableColumn is a column that tables are known to have.
type tableColumn struct {
	name  string // by which the cell is found; also the name of the column in a template
	sort  tableSort
	alias string // other headers, folded (see tableFold), separated by spaces
}

// tableColumns are the columns of the layouts that people exchange: the flat
// tables of reusers, the «format augmenté» of the ministry, the reports of
// regions, and what [WriteCSV] writes. A header is known by its letters and
// digits, whatever its case, accents and separators.
var tableColumns = []tableColumn{
	{"type", tableMeta, "kind naturecontrat objettype"},
	{"generation", tableMeta, ""},
	{"uid", tableMeta, ""},
	{"id", tableText, "idmarche iddumarche identifiantmarche identifiantdumarche nummarche numeromarche numerodumarche numeromarchepublic idcontrat"},
	{"acheteur_id", tableID, "idacheteur siretacheteur acheteursiret acheteuridentifiant autoriteconcedanteid autoriteconcedantesiret siretautoriteconcedante siretdelacheteur"},
	{"acheteur_nom", tableText, "nomacheteur nomdelacheteur acheteur autoriteconcedantenom"},
	{"nature", tableText, "naturemarche naturedumarche"},
	{"objet", tableText, "objetmarche objetdumarche"},
	{"codeCPV", tableText, "cpv codecpvprincipal"},
	{"procedure", tableText, "procedurepassation procedurecodifiee"},
	{"techniques", tableWords, "technique techniquestechnique"},
	{"modalitesExecution", tableWords, "modaliteexecution modalitesexecutionmodaliteexecution"},
	{"idAccordCadre", tableText, ""},
	{"marcheInnovant", tableFlag, ""},
	{"ccag", tableText, ""},
	{"offresRecues", tableNumber, "nboffresrecues nombreoffresrecues"},
	{"attributionAvance", tableFlag, "avance"},
	{"tauxAvance", tableNumber, ""},
	{"typeGroupementOperateurs", tableText, ""},
	{"sousTraitanceDeclaree", tableFlag, ""},
	{"lieuExecution_code", tableCode, "codelieuexecution"},
	{"lieuExecution_typeCode", tableText, "typecodelieuexecution"},
	{"lieuExecution_nom", tableText, "nomlieuexecution lieuexecution"},
	{"dureeMois", tableNumber, "duree dureeenmois dureeinitialemois"},
	{"dateNotification", tableDay, "datesignature datedenotification"},
	{"datePublicationDonnees", tableDay, "datepublicationdesdonnees datedepublication datepublication"},
	{"dateDebutExecution", tableDay, ""},
	{"montant", tableNumber, "montantht montantinitialht montantinitial montantprevu valeurglobale montanthtnotifie"},
	{"montantSubventionPublique", tableNumber, "subventionpublique"},
	{"typesPrix", tableWords, "typeprix typesprixtypeprix"},
	{"formePrix", tableText, "formeprix formedeprix"},
	{"origineUE", tableNumber, ""},
	{"origineFrance", tableNumber, ""},
	{"considerationsSociales", tableWords, "considerationsociale considerationssocialesconsiderationsociale"},
	{"considerationsEnvironnementales", tableWords, "considerationenvironnementale considerationsenvironnementalesconsiderationenvironnementale"},

	{"titulaire_id", tableID, "titulairesid idtitulaire titulairesiret siretitulaire sirettitulaire sirettitulaires concessionnaireid concessionnairesid titulaireidentifiant titulairestitulaireid"},
	{"titulaire_typeIdentifiant", tableText, "titulairestypeidentifiant titulairestypeidentifianttypeidentifiant typeidentifianttitulaire concessionnairetypeidentifiant titulairestitulairetypeidentifiant"},
	{"titulaire_denominationSociale", tableText, "titulairesdenominationsociale titulairenom nomtitulaire titulairedenomination denominationsociale denominationsocialetitulaire titulairemandataire concessionnairedenominationsociale"},

	{"modification_id", tableNumber, "idmodification modificationsid"},
	{"modification_objet", tableText, "objetmodification modificationsobjetmodification"},
	{"modification_dureeMois", tableNumber, "dureemoismodification modificationsdureemois"},
	{"modification_montant", tableNumber, "montantmodification modificationsmontant"},
	{"modification_dateNotification", tableDay, "datenotificationmodification datenotificationmodificationmodification modificationsdatenotificationmodification datesignaturemodification"},
	{"modification_datePublicationDonnees", tableDay, "datepublicationdonneesmodification datepublicationdonneesmodificationmodification modificationsdatepublicationdonneesmodification"},
	{"modification_titulaire_id", tableID, "idtitulairemodification modificationtitulaireid"},
	{"modification_titulaire_typeIdentifiant", tableText, "typeidentifianttitulairemodification"},

	{"sousTraitance_id", tableNumber, "idactesoustraitance actesoustraitanceid"},
	{"sousTraitance_dureeMois", tableNumber, "dureemoisactesoustraitance"},
	{"sousTraitance_dateNotification", tableDay, "datenotificationactesoustraitance"},
	{"sousTraitance_datePublicationDonnees", tableDay, "datepublicationdonneesactesoustraitance"},
	{"sousTraitance_montant", tableNumber, "montantactesoustraitance"},
	{"sousTraitance_variationPrix", tableText, "variationprixactesoustraitance"},
	{"sousTraitant_id", tableID, "idsoustraitant"},
	{"sousTraitant_typeIdentifiant", tableText, "typeidentifiantsoustraitant"},

	{"modificationSousTraitance_id", tableNumber, "idmodificationactesoustraitance"},
	{"modificationSousTraitance_dureeMois", tableNumber, "dureemoismodificationactesoustraitance"},
	{"modificationSousTraitance_dateNotification", tableDay, "datenotificationmodificationsoustraitancemodificationactesoustraitance datenotificationmodificationactesoustraitance datenotificationmodificationsoustraitance"},
	{"modificationSousTraitance_datePublicationDonnees", tableDay, "datepublicationdonneesmodificationactesoustraitance datepublicationdonneesmodificationsoustraitance"},
	{"modificationSousTraitance_montant", tableNumber, "montantmodificationactesoustraitance"},

	// Of a table with a line for each state of a contract: whether it is the last.
	{tableState, tableMeta, ""},

	// What follows from other codes of the line.
	{"acheteur_commune_code", tableMeta, ""},
	{"acheteur_departement_code", tableMeta, ""},
	{"acheteur_region_code", tableMeta, ""},
	{"lieuExecution_commune_code", tableMeta, ""},
	{"lieuExecution_departement_code", tableMeta, ""},
	{"lieuExecution_region_code", tableMeta, ""},

	// What WriteCSV reckons from the rest.
	{"titulaire_rang", tableMeta, ""},
	{"actesSousTraitance_nombre", tableMeta, ""},
	{"modifications_nombre", tableMeta, ""},
	{"modifications_derniere", tableMeta, ""},
	{"dureeMois_actuelle", tableMeta, ""},
	{"montant_actuel", tableMeta, ""},
}

// tableState is the column that says that lines are states of a contract.
const tableState = "donneesActuelles"

// tableByHeader finds a column by its folded header.
var tableByHeader = func() map[string]*tableColumn {
	by := map[string]*tableColumn{}
	for i := range tableColumns {
		c := &tableColumns[i]
		for _, h := range append(strings.Fields(c.alias), tableFold(c.name)) {
			by[h] = c
		}
	}
	return by
}()

// A tableHeader is a column of a file: its header as written, and what it is.
type tableHeader struct {
	name   string
	column *tableColumn // nil if it is not known
	number int          // of the supplier, from 1, for titulaire_id_2; else 0
}

// tableNamed is the header for a name, which may end in the number of a
// supplier.
func tableNamed(name string) tableHeader {
	h := tableHeader{name: name}
	key := tableFold(name)
	if h.column = tableByHeader[key]; h.column != nil {
		return h
	}
	stem := strings.TrimRight(key, "0123456789")
	if c := tableByHeader[stem]; c != nil && strings.HasPrefix(c.name, "titulaire_") {
		if n, err := strconv.Atoi(key[len(stem):]); err == nil && n > 0 && n <= tableMostSuppliers {
			h.column, h.number = c, n
		}
	}
	return h
}

// tableMostSuppliers is the number of suppliers that one line may have.
const tableMostSuppliers = 50

// tableFold keeps the letters and digits of a header, in lower case and
// without accents: "SIRET de l’acheteur" is "siretdelacheteur".
func tableFold(s string) string {
	if len(s) > 256 {
		return ""
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return unicode.ToLower(c)
		}
		return -1
	}, norm.NFD.String(s))
}

// tableHeaders makes headers of the cells of a line. One without name is
// called by its place, one that stands twice gets a number.
func tableHeaders(cells []string) []tableHeader {
	list := make([]tableHeader, len(cells))
	seen := map[string]int{}
	for i, name := range cells {
		if name = strings.TrimSpace(name); name == "" {
			name = "colonne " + strconv.Itoa(i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name += " (" + strconv.Itoa(seen[name]) + ")"
		}
		list[i] = tableNamed(name)
	}
	return list
}

// tableIsHeader reports whether the cells head a table of contracts: they name
// the contract and at least two more of its fields.
func tableIsHeader(cells []string) bool {
	named, known := false, map[*tableColumn]bool{}
	for _, cell := range cells {
		if c := tableNamed(strings.TrimSpace(cell)).column; c != nil {
			known[c] = true
			named = named || c.name == "id"
		}
	}
	return named && len(known) >= 3
}

// TableColumns lists the columns by which a table of contracts may name its
// cells, in their order (docs/mapping.md).
func TableColumns() []string {
	var names []string
	for _, c := range tableColumns {
		if c.sort != tableMeta || c.name == "type" || c.name == "generation" || c.name == "uid" {
			names = append(names, c.name)
		}
	}
	return names
}
