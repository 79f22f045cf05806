// Package pivot knows the legal format of procurement data (« format pivot »
// of the données essentielles de la commande publique): it reads files of
// records, judges each record against the official schemas, reads its meaning
// and writes the legal files.
//
// A file becomes a stream of [Item]: a [Reader] detects compression, encoding
// and layout and yields each element of the file once, as a [Record] or as
// what is wrong with it. A Record keeps the bytes as deposited; nothing here
// changes them.
//
// [Judge] says whether the official schema accepts a record as deposited, and
// by which version. What the schemas demand stands in one table (schema*.go),
// with a line per field and difference between versions, from which the rules
// of each version are made. For JSON they are those of the JSON Schema, for
// XML those of the XSD, in all their oddities: a record has a problem of
// severity error exactly when the official schema refuses it.
//
// [Normalise] reads the meaning of a record as a [Contract], repairing what it
// can and saying so; WriteJSON, WriteXML, WriteCSV and WriteComplet write
// contracts back.
//
// Everything read here may come from anyone: sizes, depth and ratio of
// compression are bounded by [Limits], memory does not grow with the file, and
// no input makes the package panic.
//
// The package does not decide which records are the same contract (package
// contract) and keeps nothing.
package pivot
