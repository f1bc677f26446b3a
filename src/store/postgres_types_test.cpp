// Into which columns which values go.
#include "store/postgres_types.hpp"

#include <gtest/gtest.h>

namespace {

using store::ColumnType;
using store::postgres_suits;
using store::Suits;
using Kind = ColumnType::Kind;

struct Case {
  ColumnType type;
  std::initializer_list<const char*> yes, too_narrow, wrong;
};

const Case cases[] = {
    {{.kind = Kind::text},
     {"text", "character varying", "citext", "ext.citext", "bpchar"},
     {"character varying(20)", "character(2)", "name", "\"char\""},
     {"integer", "text[]", "json", "jsonb", "date", "bytea", "my_enum", "uuid"}},
    {{.kind = Kind::text, .length = 20},
     {"text", "character varying(20)", "character varying(21)", "character(20)"},
     {"character varying(19)"},
     {"integer"}},
    {{.kind = Kind::integer},
     {"integer", "bigint", "numeric", "numeric(10,0)", "numeric(12,2)", "double precision"},
     {"smallint", "real", "numeric(9,0)", "numeric(11,2)"},
     {"text", "character varying(20)", "boolean", "money"}},
    {{.kind = Kind::bigint},
     {"bigint", "numeric", "numeric(19,0)"},
     {"integer", "smallint", "numeric(18,0)", "double precision", "real"},
     {"text", "date"}},
    {{.kind = Kind::number},
     {"numeric"},
     {"numeric(5,2)", "integer", "bigint", "real", "double precision"},
     {"text", "money"}},
    {{.kind = Kind::number, .precision = 5, .scale = 2},
     {"numeric", "numeric(5,2)", "numeric(6,3)", "numeric(8,2)"},
     {"numeric(5,3)", "numeric(5,1)", "numeric(4,2)", "bigint", "double precision"},
     {"text"}},
    {{.kind = Kind::number, .precision = 9, .scale = 0}, {"integer", "bigint"}, {"smallint"}, {"date"}},
    {{.kind = Kind::real}, {"double precision"}, {"real", "numeric", "integer"}, {"text"}},
    {{.kind = Kind::boolean}, {"boolean"}, {}, {"integer", "text", "bit(1)"}},
    {{.kind = Kind::date},
     {"date", "timestamp without time zone", "timestamp with time zone"},
     {},
     {"text", "time without time zone"}},
    {{.kind = Kind::timestamp},
     {"timestamp with time zone", "timestamp without time zone", "timestamp(6) with time zone"},
     {"date", "timestamp(3) with time zone", "timestamp(0) without time zone"},
     {"text", "time with time zone"}},
    {{.kind = Kind::timestamp_local},
     {"timestamp without time zone"},
     {"date", "timestamp(3) without time zone"},
     {"timestamp with time zone", "text"}},
    {{.kind = Kind::uuid}, {"uuid"}, {}, {"text", "character(36)", "bytea"}},
    {{.kind = Kind::json}, {"json", "jsonb"}, {}, {"text", "jsonb[]"}},
    {{.kind = Kind::text_list},
     {"text[]", "character varying[]"},
     {"character varying(5)[]"},
     {"text", "integer[]", "jsonb"}},
    {{.kind = Kind::integer_list},
     {"bigint[]", "integer[]", "numeric[]", "numeric(10,0)[]"},
     {"smallint[]", "numeric(5,0)[]"},
     {"text[]", "integer"}},
};

TEST(PostgresTypes, WhatGoesIntoAColumn) {
  for (const Case& it : cases) {
    const auto expect = [&](std::initializer_list<const char*> columns, Suits suits) {
      for (const char* const column : columns)
        EXPECT_EQ(postgres_suits(column, it.type), suits)
            << column << " for type " << static_cast<int>(it.type.kind);
    };
    expect(it.yes, Suits::yes);
    expect(it.too_narrow, Suits::too_narrow);
    expect(it.wrong, Suits::wrong);
  }
}

TEST(PostgresTypes, WhateverTheServerCallsItsTypes) {
  for (const char* const column : {"", "(", ")(", "numeric(", "numeric(x,y)", "[]", "timestamp()"})
    for (const Kind kind : {Kind::text, Kind::number, Kind::timestamp, Kind::integer_list})
      postgres_suits(column, {.kind = kind});
}

}  // namespace
