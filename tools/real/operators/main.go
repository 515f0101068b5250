// What operators make of custom resources, by their own code and without a cluster: the configuration of Alertmanager of an
// AlertmanagerConfig, and that of Fluent Bit of what lies in a namespace. Reads objects as JSON documents, Secrets among them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// object is one document, and what kind of thing it is.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	text              json.RawMessage
}

func readObjects(from io.Reader) (objects []object, err error) {
	for documents := json.NewDecoder(from); ; {
		var text json.RawMessage
		if err := documents.Decode(&text); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		one := object{text: text}
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, err
		}
		objects = append(objects, one)
	}
}

// as gives every object of a kind in the operator's own type, which refuses no field: the API server does that.
func as[T any](objects []object, kind string) (typed []T, err error) {
	for _, one := range objects {
		if one.Kind != kind {
			continue
		}
		var value T
		if err := json.Unmarshal(one.text, &value); err != nil {
			return nil, fmt.Errorf("%s %s: %w", kind, one.Name, err)
		}
		typed = append(typed, value)
	}
	return typed, nil
}

func secretsOf(objects []object) ([]corev1.Secret, error) {
	secrets, err := as[corev1.Secret](objects, "Secret")
	for index := range secrets {
		// As the API server keeps them.
		secrets[index].Data = map[string][]byte{}
		for key, value := range secrets[index].StringData {
			secrets[index].Data[key] = []byte(value)
		}
	}
	return secrets, err
}

func main() {
	log.SetFlags(0)
	renderers := map[string]func(context.Context, []object) (string, error){
		"alertmanager": alertmanager,
		"fluent-bit":   fluentBit,
	}
	if len(os.Args) != 2 || renderers[os.Args[1]] == nil {
		log.Fatal("expected what to render, alertmanager or fluent-bit, and objects on the standard input")
	}
	objects, err := readObjects(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	text, err := renderers[os.Args[1]](context.Background(), objects)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}
