// An OAI-PMH 2.0 answer to ListRecords →
//
//   {"records": [{identifier, datestamp, set_specs: […], deleted, metadata: {"title": ["…"], …}}, …],
//    "resumption_token", "complete_list_size", "cursor"}
//
//   Document document = TRY(decode_oai(std::move(body)));
//
// metadata: the elements inside of the one in <metadata>, by name without prefix, each an array: texts, or
// where there are elements inside, objects as in xml.hpp. It is null for deleted records. The token is null
// after the last page; complete_list_size and cursor are numbers or null. Encodings, spoiled texts and
// errors: see xml.hpp; also an error is the protocol's own <error>, named with its code, except
// noRecordsMatch, which is no records. Thread-safe.
#pragma once

#include <string>

#include "base/result.hpp"
#include "decode/value.hpp"
#include "decode/xml.hpp"

namespace decode {

base::Result<Document> decode_oai(std::string body, const XmlOptions& options = {});

}  // namespace decode
