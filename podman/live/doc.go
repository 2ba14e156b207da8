// Package live reads containers from a Podman service: it finds or starts one, lists what it runs or defines, inspects
// that with bounded concurrency, and turns the answers into podman.Container. It only ever asks; it changes nothing.
//
// What the answers of Podman 4.3.1 and 5.4.2 mean is written beside the code that reads each field.
package live
