// local-kms for one test: AWS KMS as it understands it, in a folder that goes with it, on the loopback (its own program listens everywhere).
//
// Prints its address and ends with its standard input.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	kms "github.com/nsmithuk/local-kms/src"
	"github.com/nsmithuk/local-kms/src/config"
	"github.com/nsmithuk/local-kms/src/data"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	config.AWSAccountId = "111122223333"
	config.AWSRegion = "eu-central-1"
	folder, err := os.MkdirTemp("", "local-kms")
	if err != nil {
		return err
	}
	database := data.NewDatabase(folder)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		database.Close()
		os.RemoveAll(folder)
		os.Exit(0)
	}()
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kms.HandleRequest(w, r, database)
	}))
}
