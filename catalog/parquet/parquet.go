// Package parquet writes flat tables as Parquet files: columns of texts, numbers, days
// and booleans, none nested, none repeated (https://parquet.apache.org/docs/file-format/).
//
// A [Table] gathers lines and gives row groups; [Footer] makes what stands at the end of
// a file of such groups. A file is [Magic], groups, footer: groups may be kept and put
// together in another order, or in several files, without being written again.
//
// What is written: data pages of version 1, PLAIN or RLE_DICTIONARY, zstd, and for each
// column of a group its least and greatest value and the number of nulls. No page index,
// no bloom filter. Of Parquet this package reads what it wrote itself, to join small groups
// ([Joiner]).
package parquet

// Magic stands at the beginning and at the end of a file.
const Magic = "PAR1"

// A Kind is what the values of a column are.
type Kind uint8

// The kinds. A Date is the number of days since 1970-01-01.
const (
	String Kind = iota
	Int32
	Int64
	Double
	Boolean
	Date
)

// A Column of a table. Where it is optional a line may have no value.
type Column struct {
	Name     string
	Kind     Kind
	Optional bool
}

// Numbers of the format (parquet.thrift).
const (
	typeBoolean, typeInt32, typeInt64, typeDouble, typeByteArray = 0, 1, 2, 5, 6

	required, optional = 0, 1

	convertedUTF8, convertedDate, convertedInt32, convertedInt64 = 0, 6, 17, 18

	logicalString, logicalDate, logicalInteger = 1, 6, 10

	encodingPlain, encodingRLE, encodingRLEDictionary = 0, 3, 8

	codecZstd = 6

	pageData, pageDictionary = 0, 2
)

// physical is the type that values of a kind are stored as.
func (k Kind) physical() int32 {
	switch k {
	case Int32, Date:
		return typeInt32
	case Int64:
		return typeInt64
	case Double:
		return typeDouble
	case Boolean:
		return typeBoolean
	default:
		return typeByteArray
	}
}
