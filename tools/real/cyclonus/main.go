// What cyclonus says about every connection that it is asked about. Its own command renders two tables for each, which
// takes a thousand times as long as the judgement itself; the judgement here is its matcher's, and nothing else.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// question is what stands on standard input.
type question struct {
	Policies []*networkingv1.NetworkPolicy
	Parties  []party
	// Indexes of the party that dials and of the one that it dials.
	Pairs [][2]int
	Ports []port
}

// party is a pod, or without a namespace an address outside the cluster.
type party struct {
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	IP              string
	// Names of container ports by number: policies may speak of either.
	PortNames map[int]string
}

type port struct {
	Port     int
	Protocol v1.Protocol
}

// answer has, for one pair, the indexes of the ports that the policies of each end let through.
type answer struct {
	Egress  []int `json:"egress"`
	Ingress []int `json:"ingress"`
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	asked := question{}
	if err := decoder.Decode(&asked); err != nil {
		log.Fatalf("the question: %v", err)
	}
	encoder := json.NewEncoder(os.Stdout)
	for _, answer := range answers(asked) {
		if err := encoder.Encode(answer); err != nil {
			log.Fatal(fmt.Errorf("the answer: %w", err))
		}
	}
}

func answers(asked question) []answer {
	policies := matcher.BuildNetworkPolicies(false, asked.Policies)
	found := make([]answer, 0, len(asked.Pairs))
	for _, pair := range asked.Pairs {
		from, to := asked.Parties[pair[0]], asked.Parties[pair[1]]
		one := answer{Egress: []int{}, Ingress: []int{}}
		for index, port := range asked.Ports {
			allowed := policies.IsTrafficAllowed(&matcher.Traffic{
				Source:           from.peer(),
				Destination:      to.peer(),
				ResolvedPort:     port.Port,
				ResolvedPortName: to.PortNames[port.Port],
				Protocol:         port.Protocol,
			})
			if allowed.Egress.IsAllowed() {
				one.Egress = append(one.Egress, index)
			}
			if allowed.Ingress.IsAllowed() {
				one.Ingress = append(one.Ingress, index)
			}
		}
		found = append(found, one)
	}
	return found
}

func (p party) peer() *matcher.TrafficPeer {
	peer := &matcher.TrafficPeer{IP: p.IP}
	if p.Namespace != "" {
		peer.Internal = &matcher.InternalPeer{
			Namespace:       p.Namespace,
			NamespaceLabels: p.NamespaceLabels,
			PodLabels:       p.Labels,
		}
	}
	return peer
}
