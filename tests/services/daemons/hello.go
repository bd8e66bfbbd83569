// A daemon as `CGO_ENABLED=0 go build` makes it: static, with threads of its own.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprintf(answer, "%s from %s\n", os.Getenv("GREETING"), name)
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}
