package pivot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// Bounds of a workbook: what it takes as a file, which has to be held whole,
// and the part of it that is unpacked in memory and not into a file.
const (
	tableMostXLSX = 64 << 20
	tableInMemory = 16 << 20
)

// tableIsZip reports whether a file begins as a zip archive, which an XLSX
// workbook is.
func tableIsZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

// workbook reads the sheets that have a header of contracts.
func (t *tableReader) workbook(in io.Reader) (err error) {
	t.w = &readWindow{src: bytes.NewReader(nil)}
	t.Reader.w = t.w
	raw, err := io.ReadAll(io.LimitReader(in, tableMostXLSX+1))
	switch {
	case err != nil:
		return t.failed(err)
	case len(raw) > tableMostXLSX:
		return t.fail(ruleFileTooLarge, "", strconv.Itoa(tableMostXLSX))
	}
	// The library reads what anyone may have made: what breaks it is a file
	// that cannot be read. What takes the elements is not within this.
	book, err := tableOpen(raw, t.lim.File)
	if err != nil {
		return t.failed(&readStop{rule: ruleWorkbook, found: judgeCut([]byte(err.Error())), cause: err})
	}
	defer book.Close() //nolint:errcheck // only removes temporary files
	t.layout = layoutXLSX
	some := false
	for _, sheet := range book.GetSheetList() {
		rows, err := book.Rows(sheet)
		if err != nil {
			continue // a sheet of charts
		}
		found, err := t.sheet(rows)
		if err = errors.Join(err, rows.Close()); err != nil {
			return err
		}
		some = some || found
	}
	if some {
		return nil
	}
	return t.fail(ruleNotPivot, "xlsx", "id, acheteur_id, objet…")
}

func tableOpen(raw []byte, most int64) (book *excelize.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("workbook is damaged: %v", p)
		}
	}()
	return excelize.OpenReader(bytes.NewReader(raw), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: max(most, tableInMemory), UnzipXMLSizeLimit: tableInMemory,
	})
}

// sheet reads the lines of a sheet, if its first ones hold a header.
func (t *tableReader) sheet(rows *excelize.Rows) (found bool, err error) {
	for line := 1; ; line++ {
		cells, more, err := tableRow(rows)
		if err != nil {
			return found, t.failed(&readStop{rule: ruleWorkbook, found: judgeCut([]byte(err.Error())), cause: err})
		}
		switch {
		case !more && found:
			return true, t.flush()
		case !more || !found && line > tableHeadLines:
			return false, nil
		case !found:
			if found = tableIsHeader(cells); found {
				t.headers = tableHeaders(cells)
			}
			continue
		}
		if err := t.line(cells, line); err != nil {
			return true, err
		}
	}
}

func tableRow(rows *excelize.Rows) (cells []string, more bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sheet is damaged: %v", p)
		}
	}()
	if !rows.Next() {
		return nil, false, rows.Error()
	}
	cells, err = rows.Columns()
	return cells, true, err
}
