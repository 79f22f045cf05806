// Command changes keeps a copy of the contracts of a Maillon node in a file. It is a
// worked example for docs/changes.md: the standard library is all it needs.
//
//	changes https://hub.example contracts.ndjson          follow for ever
//	changes -once https://hub.example contracts.ndjson    until nothing is new
//	changes -list contracts.ndjson                        print the copy
//
// The file holds the lines as they came, each with its cursor: reading it again is
// the state, and the last whole line says where to go on.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A line is what the program reads of a line; the rest stays as it is.
type line struct {
	Cursor   string          `json:"cursor"`
	Address  string          `json:"address"` // "" in the last line of an answer
	Contract json.RawMessage `json:"contract"`
	More     bool            `json:"more"`
}

// A copyFile is the file and what it says.
type copyFile struct {
	file   *os.File
	cursor string
	lines  map[string]string // by address
}

func openCopy(path string) (*copyFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	c := &copyFile{file: f, lines: map[string]string{}}
	whole := int64(0)
	for r := bufio.NewReader(f); ; {
		raw, err := r.ReadBytes('\n')
		if err != nil { // what follows the last newline was cut off
			break
		}
		if _, err := c.take(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		whole += int64(len(raw))
	}
	if err := f.Truncate(whole); err != nil {
		return nil, err
	}
	_, err = f.Seek(whole, io.SeekStart)
	return c, err
}

// take makes the copy what a line says.
func (c *copyFile) take(raw []byte) (line, error) {
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return l, err
	}
	switch c.cursor = l.Cursor; {
	case l.Address == "":
	case string(l.Contract) == "null":
		delete(c.lines, l.Address)
	default:
		c.lines[l.Address] = string(bytes.TrimSpace(raw))
	}
	return l, nil
}

var errAnother = errors.New("the node tells another history")

// A later is an answer that asks to come back.
type later struct{ after time.Duration }

func (l later) Error() string { return "the node is busy or starting" }

// ask takes in one answer. Without a last line it was cut, and there is more.
func (c *copyFile) ask(base string, wait int) (more bool, err error) {
	q := url.Values{"since": {c.cursor}, "limit": {"5000"}, "wait": {strconv.Itoa(wait)}}
	res, err := http.Get(base + "/api/v1/changes?" + q.Encode()) // asks for gzip, and unpacks it
	if err != nil {
		return true, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusGone:
		return true, errAnother
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		after, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return true, later{time.Duration(max(1, after)) * time.Second}
	default:
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return true, fmt.Errorf("%s: %s", res.Status, text)
	}
	out := bufio.NewWriter(c.file)
	defer func() {
		if err := out.Flush(); err != nil {
			log.Fatal(err) // the file is not what the program thinks: it is read again at the next start
		}
	}()
	for r := bufio.NewReader(res.Body); ; {
		raw, err := r.ReadBytes('\n')
		if err != nil { // io.EOF after the last line cannot be: that line returns
			return true, err
		}
		l, err := c.take(raw)
		if err != nil {
			return true, err
		}
		_, _ = out.Write(raw) // its error comes again from Flush
		if l.Address == "" {
			return l.More, nil
		}
	}
}

// forget begins anew.
func (c *copyFile) forget() error {
	clear(c.lines)
	c.cursor = ""
	_, err := c.file.Seek(0, io.SeekStart)
	return errors.Join(err, c.file.Truncate(0))
}

func (c *copyFile) follow(base string, once bool) error {
	wait, pause := 30, time.Second
	if once {
		wait = 0
	}
	for {
		more, err := c.ask(base, wait)
		var busy later
		switch {
		case err == nil && once && !more:
			return nil
		case err == nil:
			pause = time.Second
		case errors.Is(err, errAnother):
			if err := c.forget(); err != nil {
				return err
			}
		case errors.As(err, &busy):
			time.Sleep(busy.after)
		default:
			log.Printf("try again in %v: %v", pause, err)
			time.Sleep(pause)
			pause = min(2*pause, 5*time.Minute)
		}
	}
}

func main() {
	once := flag.Bool("once", false, "end when nothing is new")
	list := flag.Bool("list", false, "print the copy")
	flag.Parse()
	if flag.NArg() < 1 || !*list && flag.NArg() != 2 {
		log.Fatal("usage: changes [-once] https://NODE FILE, or changes -list FILE")
	}
	c, err := openCopy(flag.Arg(flag.NArg() - 1))
	if err != nil {
		log.Fatal(err)
	}
	if *list {
		for _, address := range slices.Sorted(maps.Keys(c.lines)) {
			fmt.Println(c.lines[address])
		}
		return
	}
	if err := c.follow(strings.TrimRight(flag.Arg(0), "/"), *once); err != nil {
		log.Fatal(err)
	}
}
