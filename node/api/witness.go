package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"maillon/federation/witness"
)

// witnessRoutes are those of c2sp.org/tlog-witness.
func (s *Server) witnessRoutes(r *mux.Router) {
	r.Handle("/witness/add-checkpoint", s.answer(s.postCheckpoint)).Methods("POST")
}

func (s *Server) postCheckpoint(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(witness.MaxRequest)))
	if err != nil {
		return err
	}
	lines, err := s.Fed.Witness(body)
	conflict, differs := errors.AsType[*witness.ConflictError](err)
	fork, forked := errors.AsType[*witness.ForkError](err)
	switch {
	case differs:
		return haveSize(w, conflict.Size)
	case forked:
		return haveSize(w, fork.Size)
	case err != nil:
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(lines) // the client is gone if this fails
	return nil
}

// haveSize tells the size of the head that was cosigned last.
func haveSize(w http.ResponseWriter, size uint64) error {
	w.Header().Set("Content-Type", "text/x.tlog.size")
	w.WriteHeader(http.StatusConflict)
	_, _ = io.WriteString(w, strconv.FormatUint(size, 10)+"\n") // the client is gone if this fails
	return nil
}
