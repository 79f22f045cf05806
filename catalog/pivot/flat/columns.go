package flat

import (
	"encoding/json"
	"strings"

	"maillon/catalog/texts"
)

// A column of the table: its name, the type that Table Schema calls it, the field of the
// dictionary that explains it ("" if it is our own), and its value.
type column struct {
	name, kind, path string
	required         bool
	get              func(*Row) any
}

// columns are those of CSV, Parquet and Table Schema, in the order of [Row].
var columns = []column{
	{"uid", "string", "uid", true, func(r *Row) any { return &r.UID }},
	{"id", "string", "id", true, func(r *Row) any { return &r.ID }},
	{"type", "string", "", true, func(r *Row) any { return &r.Kind }},
	{"generation", "integer", "", true, func(r *Row) any { return r.Generation }},
	{"nature", "string", "nature", false, func(r *Row) any { return r.Nature }},
	{"acheteur_id", "string", "acheteur/id", true, func(r *Row) any { return &r.BuyerID }},
	{"acheteur_nom", "string", "acheteur/nom", false, func(r *Row) any { return r.BuyerName }},
	{"titulaire_rang", "integer", "", true, func(r *Row) any { return r.SupplierRank }},
	{"titulaire_id", "string", "titulaires/titulaire/id", false, func(r *Row) any { return r.SupplierID }},
	{"titulaire_typeIdentifiant", "string", "titulaires/titulaire/typeIdentifiant", false, func(r *Row) any { return r.SupplierIDType }},
	{"titulaire_nom", "string", "titulaires/titulaire/denominationSociale", false, func(r *Row) any { return r.SupplierName }},
	{"objet", "string", "objet", false, func(r *Row) any { return r.Object }},
	{"montant", "number", "montant", false, func(r *Row) any { return r.Amount }},
	{"codeCPV", "string", "codeCPV", false, func(r *Row) any { return r.CPV }},
	{"procedure", "string", "procedure", false, func(r *Row) any { return r.Procedure }},
	{"dureeMois", "integer", "dureeMois", false, func(r *Row) any { return r.Months }},
	{"dateNotification", "date", "dateNotification", false, func(r *Row) any { return r.Notified }},
	{"datePublicationDonnees", "date", "datePublicationDonnees", false, func(r *Row) any { return r.Published }},
	{"dateDebutExecution", "date", "dateDebutExecution", false, func(r *Row) any { return r.Start }},
	{"formePrix", "string", "formePrix", false, func(r *Row) any { return r.PriceForm }},
	{"typesPrix", "string", "typesPrix", false, func(r *Row) any { return r.PriceTypes }},
	{"attributionAvance", "boolean", "attributionAvance", false, func(r *Row) any { return r.Advance }},
	{"tauxAvance", "number", "tauxAvance", false, func(r *Row) any { return r.AdvanceRate }},
	{"offresRecues", "integer", "offresRecues", false, func(r *Row) any { return r.Offers }},
	{"marcheInnovant", "boolean", "marcheInnovant", false, func(r *Row) any { return r.Innovative }},
	{"ccag", "string", "ccag", false, func(r *Row) any { return r.CCAG }},
	{"sousTraitanceDeclaree", "boolean", "sousTraitanceDeclaree", false, func(r *Row) any { return r.Subcontracting }},
	{"typeGroupementOperateurs", "string", "typeGroupementOperateurs", false, func(r *Row) any { return r.Grouping }},
	{"origineUE", "number", "origineUE", false, func(r *Row) any { return r.OriginEU }},
	{"origineFrance", "number", "origineFrance", false, func(r *Row) any { return r.OriginFR }},
	{"lieuExecution_code", "string", "lieuExecution/code", false, func(r *Row) any { return r.PlaceCode }},
	{"lieuExecution_typeCode", "string", "lieuExecution/typeCode", false, func(r *Row) any { return r.PlaceCodeType }},
	{"idAccordCadre", "string", "idAccordCadre", false, func(r *Row) any { return r.FrameworkID }},
	{"techniques", "string", "techniques", false, func(r *Row) any { return r.Techniques }},
	{"modalitesExecution", "string", "modalitesExecution", false, func(r *Row) any { return r.Modalities }},
	{"considerationsSociales", "string", "considerationsSociales", false, func(r *Row) any { return r.Social }},
	{"considerationsEnvironnementales", "string", "considerationsEnvironnementales", false, func(r *Row) any { return r.Environment }},
	{"montantSubventionPublique", "number", "montantSubventionPublique", false, func(r *Row) any { return r.Subsidy }},
	{"modification_id", "integer", "", true, func(r *Row) any { return r.ModificationID }},
	{"modification_objet", "string", "modifications/modification/objetModification", false, func(r *Row) any { return r.ModificationObject }},
	{"modification_dateNotification", "date", "modifications/modification/dateNotificationModification", false, func(r *Row) any { return r.ModificationNotified }},
	{"modification_datePublicationDonnees", "date", "modifications/modification/datePublicationDonneesModification", false, func(r *Row) any { return r.ModificationPublished }},
	{"donneesActuelles", "boolean", "", true, func(r *Row) any { return r.Current }},
	{"acheteur_commune_code", "string", "", false, func(r *Row) any { return r.BuyerCommune }},
	{"acheteur_departement_code", "string", "", false, func(r *Row) any { return r.BuyerDepartement }},
	{"acheteur_region_code", "string", "", false, func(r *Row) any { return r.BuyerRegion }},
	{"lieuExecution_commune_code", "string", "", false, func(r *Row) any { return r.PlaceCommune }},
	{"lieuExecution_departement_code", "string", "", false, func(r *Row) any { return r.PlaceDepartement }},
	{"lieuExecution_region_code", "string", "", false, func(r *Row) any { return r.PlaceRegion }},
}

// A schema is a Table Schema (https://specs.frictionlessdata.io/table-schema/).
type schema struct {
	Schema  string        `json:"$schema"`
	Title   string        `json:"title"`
	Text    string        `json:"description"`
	Fields  []schemaField `json:"fields"`
	Missing []string      `json:"missingValues"`
}

type schemaField struct {
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Format      string         `json:"format,omitempty"`
	Text        string         `json:"description"`
	Constraints map[string]any `json:"constraints,omitempty"`
}

// TableSchema describes the columns of the table, in the reader's language.
func TableSchema(lang texts.Lang) ([]byte, error) {
	s := schema{
		Schema: "https://specs.frictionlessdata.io/schemas/table-schema.json",
		Title:  texts.T(lang, "flat.title"), Text: texts.T(lang, "flat.text"), Missing: []string{""},
	}
	for _, c := range columns {
		f := schemaField{Name: c.name, Type: c.kind, Text: texts.T(lang, c.key()), Constraints: map[string]any{}}
		if c.kind == "date" {
			f.Format = "default"
		}
		if c.required {
			f.Constraints["required"] = true
		}
		switch c.name {
		case "type":
			f.Constraints["enum"] = []string{"marche", "contrat-concession"}
		case "generation":
			f.Constraints["enum"] = []int{1, 2}
		case "titulaire_rang", "modification_id":
			f.Constraints["minimum"] = 0
		}
		s.Fields = append(s.Fields, f)
	}
	return json.MarshalIndent(s, "", "  ")
}

// key is that of the words for a column.
func (c column) key() string {
	if c.path == "" {
		return "flat." + c.name
	}
	return "field." + strings.ReplaceAll(c.path, "/", ".") + ".text"
}
