// Command notecheck verifies signed notes, cosignatures and proofs. See ../README.md.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	kindEd25519     = 1
	kindCosignature = 4
	kindMLDSA44     = 6
)

type caseIn struct {
	Note      []byte   `json:"note"`
	VKeys     []string `json:"vkeys"`
	Inclusion *struct {
		Index int64    `json:"index"`
		Entry []byte   `json:"entry"`
		Proof [][]byte `json:"proof"`
	} `json:"inclusion"`
	Consistency *struct {
		OldSize int64    `json:"old_size"`
		OldRoot []byte   `json:"old_root"`
		Proof   [][]byte `json:"proof"`
	} `json:"consistency"`
	Sign *struct {
		Name string `json:"name"`
		Kind byte   `json:"kind"`
		Seed []byte `json:"seed"`
		Time uint64 `json:"time"`
	} `json:"sign"`
}

type signer struct {
	Name  string `json:"name"`
	KeyID string `json:"key_id"`
	Time  uint64 `json:"time"`
}

type caseOut struct {
	OK      bool     `json:"ok"`
	Error   string   `json:"error"`
	Origin  string   `json:"origin"`
	Size    int64    `json:"size"`
	Root    []byte   `json:"root"`
	Signers []signer `json:"signers"`
	Line    string   `json:"line,omitempty"`
	VKey    string   `json:"vkey,omitempty"`
}

// cosigner is a note.Verifier for cosignatures.
type cosigner struct {
	name   string
	kind   byte
	public []byte
}

func keyHash(name string, kind byte, public []byte) uint32 {
	hashed := sha256.Sum256(append([]byte(name+"\n"+string([]byte{kind})), public...))
	return binary.BigEndian.Uint32(hashed[:])
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return keyHash(c.name, c.kind, c.public) }

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) < 8 {
		return false
	}
	time, sig := binary.BigEndian.Uint64(sig), sig[8:]
	message, err := message(c.kind, c.name, msg, time)
	if err != nil {
		return false
	}
	if c.kind == kindCosignature {
		return ed25519.Verify(c.public, message, sig)
	}
	public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), c.public)
	return err == nil && mldsa.Verify(public, message, sig, &mldsa.Options{}) == nil
}

// message is what a cosignature signs.
func message(kind byte, name string, text []byte, time uint64) ([]byte, error) {
	if kind == kindCosignature {
		return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...), nil
	}
	origin, tree, err := checkpoint(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("subtree/v1\n\x00")
	b.WriteByte(byte(len(name)))
	b.WriteString(name)
	binary.Write(&b, binary.BigEndian, time)
	b.WriteByte(byte(len(origin)))
	b.WriteString(origin)
	binary.Write(&b, binary.BigEndian, uint64(0))
	binary.Write(&b, binary.BigEndian, uint64(tree.N))
	b.Write(tree.Hash[:])
	return b.Bytes(), nil
}

// checkpoint reads the three lines. tlog.ParseTree knows only the Go checksum database's own first line.
func checkpoint(text []byte) (string, tlog.Tree, error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return "", tlog.Tree{}, errors.New("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", tlog.Tree{}, errors.New("no size")
	}
	root, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}

func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no vkey")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) < 2 {
		return nil, errors.New("no key in the vkey")
	}
	if raw[0] == kindEd25519 {
		return note.NewVerifier(vkey)
	}
	c := &cosigner{parts[0], raw[0], raw[1:]}
	if fmt.Sprintf("%08x", c.KeyHash()) != parts[1] {
		return nil, errors.New("the key ID is not the key's")
	}
	switch {
	case c.kind == kindCosignature && len(c.public) == ed25519.PublicKeySize:
	case c.kind == kindMLDSA44 && len(c.public) == mldsa.MLDSA44PublicKeySize:
	default:
		return nil, fmt.Errorf("a key of type %d is not known", c.kind)
	}
	return c, nil
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(raw))
	for i, each := range raw {
		if copy(out[i][:], each) != tlog.HashSize || len(each) != tlog.HashSize {
			return nil, errors.New("a hash of another length")
		}
	}
	return out, nil
}

func check(in caseIn, out *caseOut) error {
	verifiers := make([]note.Verifier, len(in.VKeys))
	for i, vkey := range in.VKeys {
		v, err := verifier(vkey)
		if err != nil {
			return err
		}
		verifiers[i] = v
	}
	opened, err := note.Open(in.Note, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	signed := map[string]bool{}
	for _, s := range opened.Sigs {
		id := fmt.Sprintf("%08x", s.Hash)
		signed[s.Name+"+"+id] = true
		raw, _ := base64.StdEncoding.DecodeString(s.Base64)
		time := uint64(0)
		if len(raw) != 4+ed25519.SignatureSize {
			time = binary.BigEndian.Uint64(raw[4:])
		}
		out.Signers = append(out.Signers, signer{s.Name, id, time})
	}
	for _, v := range verifiers {
		if !signed[fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash())] {
			return fmt.Errorf("%s has not signed", v.Name())
		}
	}
	origin, tree, err := checkpoint([]byte(opened.Text))
	if err != nil {
		return err
	}
	out.Origin, out.Size, out.Root = origin, tree.N, tree.Hash[:]
	if in.Inclusion != nil {
		proof, err := hashes(in.Inclusion.Proof)
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(in.Inclusion.Entry)
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, in.Inclusion.Index, leaf); err != nil {
			return fmt.Errorf("inclusion: %w", err)
		}
	}
	if in.Consistency != nil {
		proof, err := hashes(append([][]byte{in.Consistency.OldRoot}, in.Consistency.Proof...))
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof[1:], tree.N, tree.Hash, in.Consistency.OldSize, proof[0]); err != nil {
			return fmt.Errorf("consistency: %w", err)
		}
	}
	return nil
}

func sign(in caseIn, out *caseOut) error {
	text, _, found := bytes.Cut(in.Note, []byte("\n\n"))
	if !found {
		return errors.New("no note to sign")
	}
	text = append(bytes.Clone(text), '\n')
	msg, err := message(in.Sign.Kind, in.Sign.Name, text, in.Sign.Time)
	if err != nil {
		return err
	}
	var public, signature []byte
	if in.Sign.Kind == kindCosignature {
		key := ed25519.NewKeyFromSeed(in.Sign.Seed)
		public, signature = key.Public().(ed25519.PublicKey), ed25519.Sign(key, msg)
	} else {
		key, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), in.Sign.Seed)
		if err != nil {
			return err
		}
		public = key.PublicKey().Bytes()
		if signature, err = key.Sign(nil, msg, &mldsa.Options{}); err != nil {
			return err
		}
	}
	id := binary.BigEndian.AppendUint32(nil, keyHash(in.Sign.Name, in.Sign.Kind, public))
	blob := append(binary.BigEndian.AppendUint64(bytes.Clone(id), in.Sign.Time), signature...)
	out.Line = fmt.Sprintf("\u2014 %s %s\n", in.Sign.Name, base64.StdEncoding.EncodeToString(blob))
	out.VKey = fmt.Sprintf("%s+%x+%s", in.Sign.Name, id,
		base64.StdEncoding.EncodeToString(append([]byte{in.Sign.Kind}, public...)))
	return nil
}

func main() {
	var cases []caseIn
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answers := make([]caseOut, len(cases))
	for i, each := range cases {
		do := check
		if each.Sign != nil {
			do = sign
		}
		if err := do(each, &answers[i]); err != nil {
			answers[i].Error = err.Error()
		} else {
			answers[i].OK = true
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
