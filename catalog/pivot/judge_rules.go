package pivot

import "maillon/catalog"

// A Rule is something that a file or a record can break. Its words for people
// are in catalog/texts, under "rule." and the id: ".text" says what is wrong,
// ".hint" what to do.
type Rule struct {
	ID       string
	Severity catalog.Severity
	Of       RuleScope
}

// RuleScope says what a rule is about.
type RuleScope string

// The scopes.
const (
	RuleFile    RuleScope = "file"    // an error ends the file
	RuleRecord  RuleScope = "record"  // whether it is a record at all: an error refuses it
	RuleSchema  RuleScope = "schema"  // the official schema refuses the record
	RuleContent RuleScope = "content" // legal, and hardly right
)

// The ids of the rules on reading.
const (
	ruleEmptyFile       = "empty-file"
	ruleNotPivot        = "not-pivot"
	ruleTruncated       = "truncated"
	ruleTrailing        = "json-trailing"
	ruleDTD             = "xml-dtd"
	ruleUnknownEncoding = "encoding-unknown"
	ruleFileTooLarge    = "file-too-large"
	ruleGzipBomb        = "gzip-bomb"
	ruleGzipDamaged     = "gzip-damaged"
	ruleReadFailed      = "read-failed"
	ruleWorkbook        = "workbook-damaged"

	ruleBOM           = "bom"
	ruleOtherEncoding = "encoding-other"
	ruleGuessed       = "encoding-guessed"
	ruleUnknownKey    = "unknown-key"
	ruleUnknownText   = "unknown-text"
	ruleNoRecord      = "no-record"

	ruleJSONSyntax   = "json-syntax"
	ruleXMLSyntax    = "xml-syntax"
	ruleEntity       = "xml-entity"
	ruleCharacter    = "xml-character"
	ruleEncoding     = "encoding"
	ruleDuplicateKey = "duplicate-key"
	ruleTooDeep      = "too-deep"
	ruleTooLarge     = "record-too-large"
	ruleTooMany      = "too-many-elements"
	ruleNotObject    = "not-an-object"
	ruleNoBuyer      = "no-buyer"
	ruleNoID         = "no-id"
	ruleIDTooLong    = "id-too-long"
	ruleQuote        = "table-quote"
)

// The ids of the rules on a record.
const (
	ruleLayout      = "layout"
	ruleRequired    = "required"
	ruleType        = "type"
	ruleEnum        = "enum"
	ruleDate        = "date-format"
	ruleSIRET       = "siret-format"
	ruleCPV         = "cpv-format"
	ruleUID         = "uid-format"
	ruleLength      = "length"
	ruleLengthMin   = "length-min"
	ruleEmptyText   = "empty-text"
	ruleMinimum     = "minimum"
	ruleMaximum     = "maximum"
	ruleAdditional  = "additional-property"
	ruleEmptyList   = "empty-list"
	ruleUnique      = "unique-items"
	ruleRepeated    = "repeated-element"
	ruleAttribute   = "attribute"
	ruleNamespace   = "namespace"
	ruleOrder       = "order"
	ruleTextBetween = "text-between"

	ruleSIRETKey    = "siret-key"
	ruleCalendar    = "date-calendar"
	ruleReplacement = "text-replacement-char"
	rulePlaceholder = "amount-placeholder"
)

// The ids of the rules on content that compare values, or know a list.
const (
	ruleSIREN               = "siret-is-siren"
	ruleSupplierType        = "supplier-type"
	ruleVAT                 = "vat-form"
	ruleTwiceEncoded        = "text-twice-encoded"
	ruleHTML                = "text-html"
	ruleObject              = "object-unclear"
	ruleOldDate             = "date-old"
	ruleFuture              = "date-future"
	ruleDateOrder           = "date-order"
	ruleLate                = "publication-late"
	ruleLateConcession      = "publication-late-concession"
	ruleAmountHigh          = "amount-high"
	ruleAmountLow           = "amount-low"
	ruleSubsidy             = "subsidy-over-value"
	ruleDuration            = "duration-long"
	ruleOrigin              = "origin-order"
	ruleAdvance             = "advance-rate"
	ruleIDCharacters        = "id-characters"
	ruleFrameworkSelf       = "framework-self"
	ruleFrameworkUnknown    = "framework-unknown"
	ruleCPVUnknown          = "cpv-unknown"
	ruleCPVKey              = "cpv-key"
	rulePlace               = "place-unknown"
	ruleNoneWithAnother     = "none-with-another"
	ruleSupplierBuyer       = "supplier-is-buyer"
	ruleSupplierRepeated    = "supplier-repeated"
	ruleGrouping            = "grouping-number"
	ruleSubcontractAmount   = "subcontract-amount"
	ruleSubcontractFlag     = "subcontract-flag"
	ruleSubcontractUnknown  = "subcontract-unknown"
	ruleModificationID      = "modification-id"
	ruleModificationNothing = "modification-nothing"
	ruleModificationAmount  = "modification-amount"
	ruleRecordTwice         = "record-twice"
	ruleIDTwice             = "id-twice"
)

// Rules lists every rule that this package applies to files and records.
func Rules() []Rule {
	var list []Rule
	for _, part := range []struct {
		severity catalog.Severity
		of       RuleScope
		ids      []string
	}{
		{catalog.Error, RuleFile, []string{
			ruleEmptyFile, ruleNotPivot, ruleTruncated, ruleTrailing, ruleDTD, ruleUnknownEncoding,
			ruleFileTooLarge, ruleGzipBomb, ruleGzipDamaged, ruleReadFailed, ruleWorkbook,
		}},
		{catalog.Warning, RuleFile, []string{
			ruleBOM, ruleOtherEncoding, ruleGuessed, ruleUnknownKey, ruleUnknownText, ruleNoRecord,
		}},
		{catalog.Error, RuleRecord, []string{
			ruleJSONSyntax, ruleXMLSyntax, ruleEntity, ruleCharacter, ruleEncoding, ruleDuplicateKey, ruleTooDeep,
			ruleTooLarge, ruleTooMany, ruleNotObject, ruleNoBuyer, ruleNoID, ruleIDTooLong, ruleQuote,
		}},
		{catalog.Error, RuleSchema, []string{
			ruleLayout, ruleRequired, ruleType, ruleEnum, ruleDate, ruleSIRET, ruleCPV, ruleUID, ruleLength,
			ruleLengthMin, ruleEmptyText, ruleMinimum, ruleMaximum, ruleAdditional, ruleEmptyList, ruleUnique,
			ruleRepeated, ruleAttribute, ruleNamespace, ruleOrder, ruleTextBetween,
		}},
		{catalog.Warning, RuleContent, []string{
			ruleSIRETKey, ruleSIREN, ruleSupplierType, ruleVAT, ruleSupplierBuyer, ruleSupplierRepeated, ruleGrouping,
			ruleCPVUnknown, ruleCPVKey, rulePlace, ruleIDCharacters, ruleFrameworkSelf, ruleFrameworkUnknown, ruleRecordTwice, ruleIDTwice,
			ruleCalendar, ruleOldDate, ruleFuture, ruleDateOrder, ruleLate, ruleLateConcession,
			rulePlaceholder, ruleAmountHigh, ruleAmountLow, ruleSubsidy, ruleDuration, ruleOrigin, ruleAdvance,
			ruleNoneWithAnother, ruleSubcontractAmount, ruleSubcontractFlag, ruleSubcontractUnknown,
			ruleModificationID, ruleModificationNothing, ruleModificationAmount,
			ruleReplacement, ruleTwiceEncoded, ruleHTML, ruleObject,
		}},
	} {
		for _, id := range part.ids {
			list = append(list, Rule{ID: id, Severity: part.severity, Of: part.of})
		}
	}
	return list
}
