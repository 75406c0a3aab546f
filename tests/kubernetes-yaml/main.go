// Command kubernetes-yaml reads YAML as Kubernetes reads it and says what it saw.
//
// Each line of standard input is a YAML text in base64. Each line of standard output is what the reader of
// k8s.io/apimachinery (which kubectl and the API server use) made of it: "!" when it refuses, else the documents that are
// not null, each followed by a space, in this notation:
//
//	n t f              null, true, false
//	i-12               an integer of 64 bits with sign
//	d3ff8000000000000  a float, its IEEE 754 bits in hexadecimal
//	"616263"           a string, its bytes in hexadecimal
//	[a,b]              a list
//	{"61":a,"62":b}    a mapping, sorted by key
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"

	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		text, err := base64.StdEncoding.DecodeString(string(bytes.TrimSuffix(line, []byte("\n"))))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(documents(text))
		out.WriteByte('\n')
	}
}

func documents(text []byte) []byte {
	var out bytes.Buffer
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out.Bytes()
		}
		if err != nil {
			return []byte("!")
		}
		var value any
		if err := unmarshal(document, &value); err != nil {
			return []byte("!")
		}
		if value != nil {
			write(&out, value)
			out.WriteByte(' ')
		}
	}
}

// The parser panics on some malformed texts; kubectl would die of it, which refuses the text too.
func unmarshal(document []byte, value *any) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return yaml.Unmarshal(document, value)
}

func write(out *bytes.Buffer, value any) {
	switch value := value.(type) {
	case nil:
		out.WriteByte('n')
	case bool:
		if value {
			out.WriteByte('t')
		} else {
			out.WriteByte('f')
		}
	case int64:
		fmt.Fprintf(out, "i%d", value)
	case float64:
		fmt.Fprintf(out, "d%016x", math.Float64bits(value))
	case string:
		writeString(out, value)
	case []any:
		out.WriteByte('[')
		for i, item := range value {
			if i > 0 {
				out.WriteByte(',')
			}
			write(out, item)
		}
		out.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(value))
		for key := range value {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		out.WriteByte('{')
		for i, key := range keys {
			if i > 0 {
				out.WriteByte(',')
			}
			writeString(out, key)
			out.WriteByte(':')
			write(out, value[key])
		}
		out.WriteByte('}')
	default:
		panic(fmt.Sprintf("a type that JSON does not have: %T", value))
	}
}

func writeString(out *bytes.Buffer, text string) {
	out.WriteByte('"')
	out.WriteString(hex.EncodeToString([]byte(text)))
	out.WriteByte('"')
}
