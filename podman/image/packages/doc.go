// Package packages tells whose an image's files are: it reads the databases of dpkg, apk and rpm and what npm, pip, gem
// and Go leave, from the entries of the image's layers as they come, in whatever order. What it needs to judge later is
// kept for each entry, a database's few files whole, and [Collector.Join] judges when the order of the layers is known.
//
// All of it is an image's own word, and hostile: each file is bounded, and a database that cannot be read is said to be
// so. A verdict means "as the image's package database has it", never more.
package packages
