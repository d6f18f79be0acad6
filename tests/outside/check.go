// Checks notes and proofs with golang.org/x/mod/sumdb, which is not ours; reads one JSON document, writes one.
// A checkpoint's text (C2SP tlog-checkpoint) is read here: tlog.ParseTree knows the Go checksum database's form only.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type asked struct {
	Notes   []struct{ VKey, Note string }
	Records []struct {
		Size, Index int64
		Root        string
		Leaf        string // base64
		Proof       []string
	}
	Trees []struct {
		Size, Old     int64
		Root, OldRoot string
		Proof         []string
	}
	Sign struct{ Name, Text string }
}

type checkpoint struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Error  string `json:"error"`
}

type answer struct {
	Notes   []checkpoint `json:"notes"`
	Records []string     `json:"records"` // empty for a proof that holds, else why it does not
	Trees   []string     `json:"trees"`
	VKey    string       `json:"vkey"`
	Signed  string       `json:"signed"`
}

func main() {
	var in asked
	must(json.NewDecoder(os.Stdin).Decode(&in))
	out := answer{Notes: []checkpoint{}, Records: []string{}, Trees: []string{}}
	for _, n := range in.Notes {
		opened, err := open(n.VKey, n.Note)
		opened.Error = said(err)
		out.Notes = append(out.Notes, opened)
	}
	for _, r := range in.Records {
		leaf, err := base64.StdEncoding.DecodeString(r.Leaf)
		must(err)
		out.Records = append(out.Records, said(
			tlog.CheckRecord(hashes(r.Proof), r.Size, hash(r.Root), r.Index, tlog.RecordHash(leaf))))
	}
	for _, t := range in.Trees {
		out.Trees = append(out.Trees, said(
			tlog.CheckTree(hashes(t.Proof), t.Size, hash(t.Root), t.Old, hash(t.OldRoot))))
	}
	if in.Sign.Name != "" {
		skey, vkey, err := note.GenerateKey(nil, in.Sign.Name)
		must(err)
		signer, err := note.NewSigner(skey)
		must(err)
		signed, err := note.Sign(&note.Note{Text: in.Sign.Text}, signer)
		must(err)
		out.VKey, out.Signed = vkey, string(signed)
	}
	must(json.NewEncoder(os.Stdout).Encode(out))
}

func open(vkey, text string) (checkpoint, error) {
	var read checkpoint
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return read, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return read, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return read, errors.New("not origin, size and root of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return read, errors.New("malformed size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return read, errors.New("malformed root")
	}
	return checkpoint{Origin: lines[0], Size: size, Root: lines[2]}, nil
}

func hash(encoded string) tlog.Hash {
	parsed, err := tlog.ParseHash(encoded)
	must(err)
	return parsed
}

func hashes(encoded []string) []tlog.Hash {
	parsed := make([]tlog.Hash, 0, len(encoded))
	for _, one := range encoded {
		parsed = append(parsed, hash(one))
	}
	return parsed
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
