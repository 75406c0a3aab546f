module cloze.dev/readers

go 1.25.0

require (
	github.com/microsoft/go-mssqldb v1.11.2
	gopkg.in/ini.v1 v1.68.0
)

require github.com/google/uuid v1.6.0 // indirect
