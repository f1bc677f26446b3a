// Feeds → one shape, whichever of RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 or 1.0 they are:
//
//   {"feed": {title, link, updated},
//    "entries": [{id, title, link, links, published, updated, summary, content, authors, categories}, …]}
//
//   Document document = TRY(decode_feed(std::move(body)));
//
// All are texts or null (what the feed does not say), trimmed, HTML and dates as sent, except: links is an
// array of {href, rel, type}; authors (names) and categories are arrays of texts. Where they come from:
//
//   entry        RSS                                           Atom
//   id           guid, rdf:about                               id
//   link         link, atom:link, a guid that is a permalink   the first link that is rel="alternate" or
//   plain links        link, atom:link, enclosure                    link published    pubDate, dc:date,
//   dcterms:issued              published, issued updated      atom:updated, dcterms:modified updated,
//   modified summary      description                                   summary content      content:encoded
//   content; XHTML as markup authors      author, dc:creator                            author's name, else
//   email categories   category, dc:subject                          category's term
//
// Links are resolved against xml:base, else the feed's link. Prefixes may be any; namespaces count.
// Encodings, spoiled texts and errors: see xml.hpp; also an error is a root element that begins no feed.
// Thread-safe.
#pragma once

#include <string>

#include "base/result.hpp"
#include "decode/value.hpp"
#include "decode/xml.hpp"

namespace decode {

base::Result<Document> decode_feed(std::string body, const XmlOptions& options = {});

}  // namespace decode
