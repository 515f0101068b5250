// Dapr's sidecar injector as a webhook, without the cluster that Dapr's own needs at its start: there its certificate comes
// from Sentry, its settings from pods, and it listens on every address. The patch is made by Dapr's code; how that is set
// follows pkg/injector/service, and the defaults are those of the Helm chart.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	settings := settings{}
	listen := flag.String("listen", "127.0.0.1:0", "address and port, 0 for a free one")
	cert := flag.String("cert", "", "PEM file of the certificate; sidecars get it as the control plane's trust anchor")
	key := flag.String("key", "", "PEM file of its key")
	flag.StringVar(&settings.image, "image", "", "image of the sidecar, where the pod does not say it")
	// Called as in the chart's dapr_sidecar_injector.
	flag.BoolVar(&settings.runAsNonRoot, "sidecarRunAsNonRoot", true, "runAsNonRoot of the sidecar")
	flag.BoolVar(&settings.readOnlyRoot, "sidecarReadOnlyRootFilesystem", true, "readOnlyRootFilesystem of the sidecar")
	flag.BoolVar(&settings.dropAll, "sidecarDropALLCapabilities", false, "whether the sidecar drops ALL capabilities")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unknown argument %q", flag.Arg(0))
	}
	for _, name := range []string{"cert", "key", "image"} {
		if flag.Lookup(name).Value.String() == "" {
			log.Fatalf("--%s is missing", name)
		}
	}
	log.Fatal(serve(*listen, *cert, *key, settings))
}

func serve(address, cert, key string, settings settings) error {
	var err error
	if settings.trustAnchors, err = os.ReadFile(cert); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("listening on %s", listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", settings.mutate)
	server := http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{pair}},
	}
	return server.ServeTLS(listener, "", "")
}
