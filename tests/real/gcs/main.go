// Google Cloud Storage in memory for tests: fake-gcs-server, and before it a translation of ours.
//
// The server speaks Google's JSON interface. The crate object_store speaks the XML interface (docs.cloud.google.com/storage/docs/xml-api),
// of which the server lacks the creation of an object under a condition, listings that begin after a name or go on from page to page, and
// errors as XML. So creations, reads and removals are the server's; listings and errors are made here, after the documentation, and prove
// nothing about Google.
//
//	gcs PORT
package main

import (
	"encoding/xml"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// The most names on a page.
const pageLimit = 1000

type translation struct {
	server *fakestorage.Server
	json   http.Handler
}

type object struct {
	Key, LastModified, ETag string
	Generation, Size        int64
}

type prefix struct{ Prefix string }

type page struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name, Prefix          string
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []object
	CommonPrefixes        []prefix
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>as documented</Message></Error>", code)
}

var codes = map[int]string{404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange"}

func (t translation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/storage/v1/") {
		t.json.ServeHTTP(w, r)
		return
	}
	bucket, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if t.ask(httptest.NewRequest(http.MethodGet, "/storage/v1/b/"+url.PathEscape(bucket), nil)).Code != http.StatusOK {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	if name == "" && r.Method == http.MethodGet {
		t.list(w, bucket, r.URL.Query())
		return
	}
	inner := r.Clone(r.Context())
	inner.RequestURI = ""
	switch r.Method {
	case http.MethodPut:
		query := url.Values{"uploadType": {"media"}, "name": {name}}
		if condition := r.Header.Get("x-goog-if-generation-match"); condition != "" {
			query.Set("ifGenerationMatch", condition)
		}
		inner.Method = http.MethodPost
		inner.URL = &url.URL{Path: "/upload/storage/v1/b/" + bucket + "/o", RawQuery: query.Encode()}
	case http.MethodGet, http.MethodHead:
		at := "/download/storage/v1/b/" + bucket + "/o/"
		inner.URL = &url.URL{Path: at + name, RawPath: at + url.PathEscape(name), RawQuery: "alt=media"}
	case http.MethodDelete:
		at := "/storage/v1/b/" + bucket + "/o/"
		inner.URL = &url.URL{Path: at + name, RawPath: at + url.PathEscape(name)}
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented")
		return
	}
	answer := t.ask(inner)
	if answer.Code >= 400 {
		code, known := codes[answer.Code]
		if !known {
			code = "InternalError"
		}
		refuse(w, answer.Code, code)
		return
	}
	for header, values := range answer.Header() {
		w.Header()[header] = values
	}
	if r.Method == http.MethodPut {
		if made, err := t.server.GetObject(bucket, name); err == nil {
			w.Header().Set("ETag", quoted(made.Etag))
			w.Header().Set("x-goog-generation", strconv.FormatInt(made.Generation, 10))
		}
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (t translation) ask(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	t.json.ServeHTTP(answer, r)
	return answer
}

func (t translation) list(w http.ResponseWriter, bucket string, query url.Values) {
	all, err := t.server.ListObjectsWithOptionsPaginated(bucket, fakestorage.ListOptions{Prefix: query.Get("prefix")})
	if err != nil {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	most := pageLimit
	if asked, err := strconv.Atoi(query.Get("max-keys")); err == nil && asked < most {
		most = asked
	}
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	found := page{Name: bucket, Prefix: query.Get("prefix")}
	last, count := "", 0
	for _, each := range all.Objects {
		name, isFolder := each.Name, false
		if delimiter := query.Get("delimiter"); delimiter != "" {
			if at := strings.Index(name[len(found.Prefix):], delimiter); at >= 0 {
				name, isFolder = name[:len(found.Prefix)+at+len(delimiter)], true
			}
		}
		if name <= after || isFolder && name == last {
			continue
		}
		if count == most {
			found.IsTruncated, found.NextContinuationToken = true, last
			break
		}
		count++
		last = name
		if isFolder {
			found.CommonPrefixes = append(found.CommonPrefixes, prefix{name})
			continue
		}
		changed := each.Updated.UTC().Format("2006-01-02T15:04:05.000Z")
		found.Contents = append(found.Contents, object{name, changed, quoted(each.Etag), each.Generation, each.Size})
	}
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	fmt.Fprint(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(found)
}

func quoted(tag string) string { return strconv.Quote(strings.Trim(tag, `"`)) }

func main() {
	host := "127.0.0.1:" + os.Args[1]
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, PublicHost: host, ExternalURL: "http://" + host})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(host, translation{server, server.HTTPHandler()}))
}
