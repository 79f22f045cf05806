package guide

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

// A Column is what a person fills in of a contract.
type Column struct {
	Header string // of a table: a name of [pivot.TableColumns], or one that stands for it
	Path   string // of the field in the dictionary
}

// Columns lists what a person fills in, mandatory fields first.
func Columns(kind pivot.Kind) []Column {
	if kind == pivot.Concession {
		return []Column{
			{"id", "id"}, {"autoriteConcedante_id", "autoriteConcedante/id"}, {"nature", "nature"}, {"objet", "objet"}, {"procedure", "procedure"},
			{"dureeMois", "dureeMois"}, {"dateSignature", "dateSignature"}, {"datePublicationDonnees", "datePublicationDonnees"},
			{"dateDebutExecution", "dateDebutExecution"}, {"valeurGlobale", "valeurGlobale"}, {"montantSubventionPublique", "montantSubventionPublique"},
			{"concessionnaire_typeIdentifiant", "concessionnaires/concessionnaire/typeIdentifiant"}, {"concessionnaire_id", "concessionnaires/concessionnaire/id"},
			{"considerationsSociales", "considerationsSociales"}, {"considerationsEnvironnementales", "considerationsEnvironnementales"},
		}
	}
	list := []Column{
		{"id", "id"}, {"acheteur_id", "acheteur/id"}, {"nature", "nature"}, {"objet", "objet"}, {"codeCPV", "codeCPV"}, {"procedure", "procedure"},
		{"lieuExecution_code", "lieuExecution/code"}, {"lieuExecution_typeCode", "lieuExecution/typeCode"}, {"dureeMois", "dureeMois"},
		{"dateNotification", "dateNotification"}, {"datePublicationDonnees", "datePublicationDonnees"}, {"montant", "montant"},
		{"formePrix", "formePrix"}, {"typesPrix", "typesPrix"},
		{"titulaire_typeIdentifiant", "titulaires/titulaire/typeIdentifiant"}, {"titulaire_id", "titulaires/titulaire/id"},
	}
	for _, name := range []string{
		"techniques", "modalitesExecution", "ccag", "offresRecues", "marcheInnovant", "attributionAvance", "typeGroupementOperateurs",
		"sousTraitanceDeclaree", "considerationsSociales", "considerationsEnvironnementales",
		"idAccordCadre", "tauxAvance", "origineUE", "origineFrance",
	} {
		list = append(list, Column{name, name})
	}
	return append(list,
		Column{"modification_id", "modifications/modification/id"},
		Column{"modification_dateNotification", "modifications/modification/dateNotificationModification"},
		Column{"modification_datePublicationDonnees", "modifications/modification/datePublicationDonneesModification"},
		Column{"modification_montant", "modifications/modification/montant"},
		Column{"modification_dureeMois", "modifications/modification/dureeMois"},
	)
}

// WriteTemplateCSV writes the header of a table to fill in.
func WriteTemplateCSV(w io.Writer, kind pivot.Kind) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // spreadsheets read UTF-8 by it
		return err
	}
	var header []string
	for _, c := range Columns(kind) {
		header = append(header, c.Header)
	}
	out := csv.NewWriter(w)
	out.Comma = ';'
	if err := out.Write(header); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// templateLines is the number of lines that are prepared for typing.
const templateLines = 1000

// WriteTemplateXLSX writes a workbook to fill in: a sheet for each kind of
// contract, with a line of headers that say what to type, closed lists to choose
// from, and a sheet of explanations.
func WriteTemplateXLSX(w io.Writer, lang texts.Lang) error {
	book := excelize.NewFile()
	defer book.Close() //nolint:errcheck // nothing of it is on disk
	t := template{book: book, lang: lang, help: texts.T(lang, "template.help")}
	for i, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		sheet := texts.T(lang, "template."+string(kind))
		if i == 0 {
			t.do(book.SetSheetName("Sheet1", sheet))
		} else {
			_, err := book.NewSheet(sheet)
			t.do(err)
		}
		t.sheet(sheet, kind)
	}
	t.explain()
	if t.err != nil {
		return fmt.Errorf("make the template: %w", t.err)
	}
	return book.Write(w)
}

// A template keeps the first error of what is done to its workbook.
type template struct {
	book *excelize.File
	lang texts.Lang
	help string // name of the sheet of explanations
	err  error
}

func (t *template) do(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *template) style(s excelize.Style) int {
	id, err := t.book.NewStyle(&s)
	t.do(err)
	return id
}

// sheet prepares the sheet of a kind.
func (t *template) sheet(sheet string, kind pivot.Kind) {
	lists := sheet + " (listes)"
	_, err := t.book.NewSheet(lists)
	t.do(err)
	rows := map[string]Row{}
	for _, r := range Rows(kind, t.lang) {
		rows[r.Path] = r
	}
	day := "yyyy-mm-dd"
	styles := map[string]int{
		"text": t.style(excelize.Style{NumFmt: 49}), "day": t.style(excelize.Style{CustomNumFmt: &day}), "other": t.style(excelize.Style{}),
	}
	must := t.style(excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE7F5"}}})
	may := t.style(excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F0F0F0"}}})
	for i, c := range Columns(kind) {
		r := rows[c.Path]
		name, err := excelize.ColumnNumberToName(i + 1)
		t.do(err)
		t.do(t.book.SetColWidth(sheet, name, name, float64(max(14, len(c.Header)+2))))
		t.do(t.book.SetColStyle(sheet, name, styles[cellStyle(c)]))
		t.do(t.book.SetCellStr(sheet, name+"1", c.Header))
		head := may
		if r.Required {
			head = must
		}
		t.do(t.book.SetCellStyle(sheet, name+"1", name+"1", head))
		t.validate(sheet, lists, name, c, r)
	}
	t.do(t.book.SetSheetVisible(lists, false))
	t.do(t.book.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
}

// cellStyle keeps a spreadsheet from taking an id for a number.
func cellStyle(c Column) string {
	switch {
	case strings.HasPrefix(c.Header, "date") || strings.Contains(c.Header, "_date"):
		return "day"
	case c.Header == "id" || strings.HasSuffix(c.Header, "_id") && !strings.HasPrefix(c.Header, "modification") ||
		c.Header == "codeCPV" || c.Header == "idAccordCadre" || c.Header == "lieuExecution_code":
		return "text"
	}
	return "other"
}

// validate lets the typist choose from a closed list, and says what the field
// means when a cell is entered.
func (t *template) validate(sheet, lists, name string, c Column, r Row) {
	v := excelize.NewDataValidation(true)
	v.Sqref = fmt.Sprintf("%s2:%s%d", name, name, templateLines+1)
	words := r.Words
	if strings.HasPrefix(r.Type, texts.T(t.lang, "type.boolean")) {
		words = []string{"oui", "non"}
	}
	if len(words) > 0 {
		v.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$1:$%s$%d", lists, name, name, len(words)))
		for i, word := range words {
			t.do(t.book.SetCellStr(lists, fmt.Sprintf("%s%d", name, i+1), word))
		}
		v.SetError(excelize.DataValidationErrorStyleWarning, c.Header, texts.T(t.lang, "template.list"))
	}
	v.SetInput(cut(c.Header, 32), cut(r.Text, 250))
	t.do(t.book.AddDataValidation(sheet, v))
}

// explain fills the sheet of explanations.
func (t *template) explain() {
	_, err := t.book.NewSheet(t.help)
	t.do(err)
	t.do(t.book.SetColWidth(t.help, "A", "A", 45))
	t.do(t.book.SetColWidth(t.help, "B", "B", 100))
	t.do(t.book.SetCellStr(t.help, "A1", texts.T(t.lang, "template.lead")))
	line := 3
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		t.do(t.book.SetCellStr(t.help, fmt.Sprintf("A%d", line), texts.T(t.lang, "web.dictionary."+string(kind))))
		rows := map[string]Row{}
		for _, r := range Rows(kind, t.lang) {
			rows[r.Path] = r
		}
		for _, c := range Columns(kind) {
			line++
			r := rows[c.Path]
			t.do(t.book.SetSheetRow(t.help, fmt.Sprintf("A%d", line), &[]any{c.Header, r.Text, r.Current, r.Type, r.Example}))
		}
		line += 2
	}
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
