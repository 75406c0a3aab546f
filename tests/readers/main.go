// Reads ini files with go-ini and ADO.NET connection strings with go-mssqldb. A line of input is `ini BASE64` or `ado BASE64`; its answer is
// a line of `KEY=BASE64` words, sorted by key, or `!` where the reader refuses the text.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/microsoft/go-mssqldb/msdsn"
	"gopkg.in/ini.v1"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		kind, encoded, _ := strings.Cut(lines.Text(), " ")
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			panic(err)
		}
		found, err := read(kind, text)
		if err != nil {
			fmt.Fprintln(out, "!")
			continue
		}
		words := []string{}
		for key, value := range found {
			words = append(words, key+"="+base64.StdEncoding.EncodeToString([]byte(value)))
		}
		sort.Strings(words)
		fmt.Fprintln(out, strings.Join(words, " "))
	}
}

func read(kind string, text []byte) (map[string]string, error) {
	found := map[string]string{}
	if kind == "ado" {
		config, err := msdsn.Parse(string(text))
		if err != nil {
			return nil, err
		}
		found["user"], found["password"], found["database"] = config.User, config.Password, config.Database
		return found, nil
	}
	file, err := ini.Load(text)
	if err != nil {
		return nil, err
	}
	for _, section := range file.Sections() {
		for _, key := range section.Keys() {
			// With `%(name)s` replaced, as Grafana reads it.
			found[key.Name()] = key.String()
		}
	}
	return found, nil
}
