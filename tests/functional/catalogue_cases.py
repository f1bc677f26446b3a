"""The cases of catalogue_test.py: one for each file in collectors/."""

from catalogue import KEV, Case, blank, day, digits, kinds, moment, of_positions, same, trimmed

BRAZIL = "BR"

CASES = {
    "cisa-kev": Case("kev", "cisa_kev", ["cveID"], KEV, edit=("notes", "altered")),
    "cisa-kev-csv": Case("kev_csv", "cisa_kev_csv", ["cveID"], KEV, edit=("product", "altered")),

    "github-repositories": Case(
        "github_search", "github_repositories", ["id"],
        {"id": "repository_id", "size": "size_kb",
         **same("name", "full_name", "owner_login", "owner_type", "html_url", "description", "homepage", "stargazers_count",
                "language", "forks_count", "open_issues_count", "archived", "license_spdx_id", "topics", "default_branch"),
         **kinds(moment, created_at="created_at", updated_at="updated_at", pushed_at="pushed_at")},
        since="2024-01-01", edit=("description", "altered")),

    "hackernews-stories": Case(
        "hackernews", "hackernews_stories", ["object_id"],
        {"object_id": ("story_id", digits), **same("title", "url", "author", "points", "num_comments", "story_text"),
         **kinds(moment, created_at="created_at", updated_at="updated_at")},
        since="2025-08-10", edit=("points", 12_345)),

    "arxiv-papers": Case(
        "arxiv", "arxiv_papers", ["arxiv_id"],
        {**same("arxiv_id", "version", "title", "authors", "primary_category", "categories", "doi", "comment", "journal_ref"),
         "summary": ("summary", trimmed), **kinds(moment, published="published_at", updated="updated_at")},
        edit=("title", "altered")),

    "worldbank-indicators": Case(
        "worldbank", "worldbank_indicators", ["indicator_code", "country_iso2", "year"],
        {**same("indicator_code", "indicator_name", "country_code", "country_iso2", "country_name", "year", "unit", "obs_status"),
         "decimal": "decimal_places", "value": ("value", digits)},
        edit=("obs_status", "E")),

    "openalex-works": Case(
        "openalex", "openalex_works", ["id"],
        {"id": "openalex_id",
         **same("doi", "title", "publication_year", "language", "type", "is_oa", "oa_status", "source_name", "authors",
                "institutions", "institution_countries", "concepts", "cited_by_count", "is_retracted"),
         "fwci": ("fwci", digits), "abstract": ("abstract_inverted_index", of_positions),
         "updated_date": ("updated_date", moment),
         **kinds(day, publication_date="publication_date", created_date="created_date")},
        since="2024-06-01", edit=("language", "xx"), wanted=lambda row: BRAZIL in row["institution_countries"]),

    "nvd-cves": Case(
        "nvd", "nvd_cves", ["id"],
        {"id": "cve_id", **same("source_identifier", "vuln_status", "description", "description_es", "cvss_version",
                                "vector_string", "base_severity", "cwes", "references"),
         "base_score": ("base_score", digits),
         **kinds(moment, published="published_at", last_modified="last_modified_at")},
        since="2024-10-01", edit=("description", "altered")),

    "bacen-sgs": Case(
        "bacen_sgs", "bacen_sgs", ["series_code", "date"],
        {"series_code": "series_code", "date": ("date", day), "value": ("value", digits)},
        constants={"series_name": None, "unit": None}, edit=("value", "1.2345"), since="2010-01-01",
        ends=("2025-06-28", "2025-09-25"), later=["incremental_sync.lookback_window=10y"]),

    "ibge-sidra": Case(
        "ibge_sidra", "ibge_sidra", ["table_code", "territory_code", "period_code", "variable_code"],
        {**same("table_code", "territory_code", "territory_name", "period_code", "period_name", "variable_code",
                "variable_name", "unit_code", "unit"), "value": ("value", digits)},
        edit=("unit", "altered")),

    "owid-energy": Case(
        "owid_energy", "owid_energy", ["country", "year"],
        {**same("country", "year", "iso_code", "population"),
         **{name: (name, digits) for name in (
             "gdp", "carbon_intensity_elec", "electricity_demand", "electricity_generation", "energy_per_capita",
             "fossil_share_energy", "greenhouse_gas_emissions", "net_elec_imports", "primary_energy_consumption",
             "renewables_share_elec", "solar_electricity", "wind_electricity")}},
        edit=("iso_code", "XXX")),

    "ilostat-indicators": Case(
        "ilostat", "ilostat_indicators", ["indicator", "ref_area", "source", "sex", "classif1", "time"],
        {**same("indicator", "ref_area", "source", "sex", "classif1", "obs_status", "note_classif", "note_indicator",
                "note_source"), "time": "year", "obs_value": ("obs_value", digits)},
        edit=("note_source", "altered")),

    "techcrunch-news": Case(
        "techcrunch", "techcrunch_news", ["guid"],
        {**same("guid", "title", "link", "creator", "categories"), "published_at": ("published_at", moment),
         **kinds(trimmed, description="description", content="content")},
        edit=("title", "altered")),

    "space-launches": Case(
        "spacedevs", "space_launches", ["id"],
        {"id": "launch_id", "holdreason": ("hold_reason", trimmed), "image": "image_url",
         **same("slug", "name", "status_id", "status_name", "status_abbrev", "probability", "webcast_live", "provider_id",
                "provider_name", "provider_type", "rocket_id", "rocket_name", "rocket_full_name", "mission_id",
                "mission_name", "mission_description", "mission_type", "mission_orbit", "pad_name", "pad_location",
                "pad_country_code"),
         **kinds(digits, pad_latitude="pad_latitude", pad_longitude="pad_longitude"),
         **kinds(moment, last_updated="last_updated_at", net="net_at", window_start="window_start_at",
                 window_end="window_end_at")},
        edit=("pad_name", "altered")),

    "who-gho-indicators": Case(
        "who_gho", "who_gho_indicators", ["IndicatorCode", "SpatialDim", "TimeDim", "Dim1", "Dim2", "Dim3"],
        {"Id": "gho_id", "IndicatorCode": "indicator_code", "TimeDimType": "time_dim_type", "TimeDim": "time_dim",
         "Dim1Type": "dim1_type", "Dim2Type": "dim2_type", "Dim3Type": "dim3_type",
         "DataSourceDimType": "data_source_dim_type", "ParentLocationCode": "parent_location_code",
         "ParentLocation": "parent_location", "Value": "display_value", "Comments": "comments",
         "TimeDimensionValue": "time_dimension_value",
         **kinds(blank, SpatialDimType="spatial_dim_type", SpatialDim="spatial_dim", Dim1="dim1", Dim2="dim2", Dim3="dim3",
                 DataSourceDim="data_source_dim"),
         **kinds(digits, NumericValue="numeric_value", Low="low", High="high"),
         **kinds(moment, Date="published_at", TimeDimensionBegin="time_dimension_begin",
                 TimeDimensionEnd="time_dimension_end")},
        edit=("Value", "altered")),

    "eurostat-indicators": Case(
        "eurostat", "eurostat_indicators", ["dataset", "freq", "unit", "sex", "age", "geo", "time"],
        {**same("dataset", "freq", "unit", "sex", "age", "geo", "time", "status"), "value": ("value", digits)},
        constants={"indicator": "", "geo_label": None}, edit=("status", "z")),

    "npm-downloads": Case(
        "npm", "npm_downloads", ["package", "start", "end"],
        {"package": "package_name", "downloads": "downloads", **kinds(day, start="period_start", end="period_end")},
        edit=("downloads", 3_000_000_000)),

    "stackexchange-tags": Case(
        "stackexchange", "stackexchange_tags", ["name"],
        {"name": "tag_name", "count": "question_count", "last_activity_date": ("last_activity_at", moment),
         **same("has_synonyms", "synonyms", "is_moderator_only", "is_required")},
        constants={"site": "stackoverflow"}, edit=("count", 7)),

    "nih-projects": Case(
        "nih", "nih_projects", ["appl_id"],
        {**same("appl_id", "project_num", "fiscal_year", "activity_code", "project_title", "abstract_text", "phr_text",
                "award_amount", "is_active", "contact_pi_name", "other_pi_names", "org_name", "org_city", "org_state",
                "org_country", "agency_code", "agency_name"),
         **kinds(day, project_start_date="project_start_date", project_end_date="project_end_date",
                 date_added="date_added")},
        edit=("project_title", "altered")),

    "vscode-extensions": Case(
        "vscode", "vscode_extensions", ["extensionId"],
        {"extensionId": "extension_id", "extensionName": "extension_name", "displayName": "display_name",
         "publisherName": "publisher_name", "publisherDisplayName": "publisher_display_name",
         "publisherDomain": "publisher_domain", "shortDescription": "short_description", "version": "version",
         "categories": "categories", "install": "install_count", "downloadCount": "download_count",
         "ratingcount": "rating_count", **kinds(digits, averagerating="average_rating", trendingdaily="trending_daily"),
         **kinds(moment, lastUpdated="last_updated_at", publishedDate="published_at")},
        edit=("shortDescription", "altered")),

    "exchange-rates": Case(
        "exchange_rates", "exchange_rates", ["base_code", "currency_code"],
        {**same("base_code", "currency_code"), "rate": ("rate", digits), "updated_at": ("updated_at", moment)},
        constants={"rate_date": "2025-08-25"}, edit=("rate", 77)),

    "scielo-articles": Case(
        "scielo", "scielo_articles", ["identifier"],
        {**same("identifier", "set_spec", "deleted", "title", "creators", "subjects", "description", "publisher", "type",
                "language", "url"), **kinds(day, datestamp="datestamp", date="date")},
        since="2024-01-01", edit=("set_spec", "altered")),

    "producthunt-posts": Case(
        "producthunt", "producthunt_posts", ["id"],
        {"id": "post_id", **same("name", "tagline", "description", "slug", "url", "website", "topics"),
         "votesCount": "votes_count", "commentsCount": "comments_count",
         **kinds(moment, createdAt="created_at", featuredAt="featured_at")},
        since="2025-01-01", edit=("tagline", "altered"), environment={"PRODUCTHUNT_TOKEN": "simulated-token"},
        later=["incremental_sync.lookback_window=1y"]),

    "tech-conferences": Case(
        "conferences", "tech_conferences", ["name", "startDate"],
        {**same("year", "name", "url", "city", "country", "online", "locales", "twitter"), "cocUrl": "coc_url",
         "cfpUrl": "cfp_url",
         **kinds(day, startDate="start_date", endDate="end_date", cfpEndDate="cfp_end_date")},
        constants={"topic": "general"}, edit=("twitter", "@altered")),
}
