// Bench is what podlint is measured beside: a bare HTTP client that asks a service for the same containers, and a
// service that has as many containers as one likes. See the run script beside it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

func main() {
	var err error
	switch os.Args[1] {
	case "client":
		err = client(os.Args[2], os.Args[3], len(os.Args) > 4)
	case "serve":
		err = serve(os.Args[2], os.Args[3], os.Args[4])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const api = "http://d/v5.8.4/libpod"

// client lists the containers of a service and inspects each, so many at once, and throws the answers away. It may ask
// what the service is too, which costs the service as much as a hundred inspections.
func client(socket, concurrency string, info bool) error {
	n, err := strconv.Atoi(concurrency)
	if err != nil {
		return err
	}
	c := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: n,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	var asked sync.WaitGroup
	if info {
		asked.Go(func() {
			if resp, err := c.Get(api + "/info"); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	defer asked.Wait()
	resp, err := c.Get(api + "/containers/json?all=true")
	if err != nil {
		return err
	}
	var rows []struct{ Id string }
	if err := json.NewDecoder(resp.Body).Decode(&rows); err != nil {
		return err
	}
	resp.Body.Close()
	ids := make(chan string)
	var workers sync.WaitGroup
	for range n {
		workers.Go(func() {
			for id := range ids {
				resp, err := c.Get(api + "/containers/" + id + "/json")
				if err != nil {
					panic(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	for _, row := range rows {
		ids <- row.Id
	}
	close(ids)
	workers.Wait()
	fmt.Println(len(rows), "containers")
	return nil
}

// serve answers as a captured service that has N copies of one of its containers.
func serve(capture, copies, socket string) error {
	n, err := strconv.Atoi(copies)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(capture)
	if err != nil {
		return err
	}
	var answers map[string]struct {
		Status  int
		Version string
		JSON    json.RawMessage
		Body    []byte
	}
	if err := json.Unmarshal(data, &answers); err != nil {
		return err
	}
	const list = "/v5.8.4/libpod/containers/json?all=true"
	var rows []map[string]any
	if err := json.Unmarshal(answers[list].JSON, &rows); err != nil {
		return err
	}
	var row map[string]any
	for _, r := range rows {
		if r["Names"].([]any)[0] == "hardened" {
			row = r
		}
	}
	id := row["Id"].(string)
	one := answers["/v5.8.4/libpod/containers/"+id+"/json"].JSON
	all := make([]map[string]any, n)
	for i := range all {
		all[i] = map[string]any{}
		for k, v := range row {
			all[i][k] = v
		}
		all[i]["Id"] = fmt.Sprintf("%064x", i)
		all[i]["Names"] = []string{fmt.Sprintf("c%d", i)}
	}
	listing, err := json.Marshal(all)
	if err != nil {
		return err
	}
	inspect := regexp.MustCompile(`/containers/([0-9a-f]{64})/json$`)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uri := r.URL.RequestURI()
		if uri == list {
			w.Write(listing)
			return
		}
		if m := inspect.FindStringSubmatch(r.URL.Path); m != nil {
			i, _ := strconv.ParseInt(strings.TrimLeft(m[1], "0"), 16, 64)
			body := bytes.ReplaceAll(one, []byte(id), []byte(m[1]))
			w.Write(bytes.Replace(body, []byte(`"Name": "hardened"`), []byte(fmt.Sprintf(`"Name": "c%d"`, i)), 1))
			return
		}
		a, ok := answers[uri]
		if !ok {
			w.WriteHeader(404)
			return
		}
		if a.Version != "" {
			w.Header().Set("Libpod-API-Version", a.Version)
		}
		w.WriteHeader(a.Status)
		w.Write(append(a.Body, a.JSON...))
	}))
}
