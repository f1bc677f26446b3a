// The simulated APIs, one .cpp file each (its name is the API's); apis() in world.cpp lists them. Shapes are
// those of the real hosts, all data are invented.
#pragma once

#include "simulator/world.hpp"

namespace simulator {

Api kev_api();      // CISA: known exploited vulnerabilities, JSON
Api kev_csv_api();  // the same records as CSV

Api techcrunch_api();      // RSS 2.0
Api spacedevs_api();       // limit and offset, absolute next URL, nested objects
Api who_gho_api();         // OData
Api eurostat_api();        // JSON-stat 2.0
Api npm_api();             // one small document for each package
Api stackexchange_api();   // has_more, always gzip, backoff
Api nih_api();             // POST with paging in the body
Api vscode_api();          // POST, statistics as name/value pairs
Api exchange_rates_api();  // open.er-api.com: an object as a map
Api scielo_api();          // OAI-PMH with resumption tokens and deleted records
Api producthunt_api();     // GraphQL with a bearer token
Api conferences_api();     // confs.tech: one array a year

Api github_search_api();  // Link header, the first 1,000 results only
Api hackernews_api();     // Algolia: pages from 0
Api arxiv_api();          // Atom with OpenSearch counts
Api worldbank_api();      // [meta, rows]
Api openalex_api();       // cursor, nested objects
Api nvd_api();            // startIndex, windows of at most 120 days
Api bacen_sgs_api();      // dates as dd/mm/yyyy, values as text, windows of at most ten years
Api ibge_sidra_api();     // row 0 names the columns
Api owid_energy_api();    // CSV
Api ilostat_api();        // .csv.gz

Api football_api();  // API-Football: a service with a key and quotas (football.hpp)

}  // namespace simulator
