# embed_migrations(TARGET): compiles migrations/*.sql into TARGET as store::embedded_migrations(), anew whenever
# a file is changed, added or removed. The same file is the script that writes the source (cmake -P).

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(EMBED_MIGRATIONS_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(embed_migrations target)
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/migrations/*.sql)
    list(SORT files)
    set(output ${CMAKE_BINARY_DIR}/generated/${target}/embedded_migrations.cpp)
    # The command line changes with the list of files, which makes a removed file count.
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${output} -P ${EMBED_MIGRATIONS_SCRIPT}
      DEPENDS ${files} ${EMBED_MIGRATIONS_SCRIPT}
      COMMENT "Embedding migrations"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()
  return()
endif()

set(entries "")
set(expected 0)
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${path}: a migration is named NNNN_owner_what.sql")
  endif()
  set(number ${CMAKE_MATCH_1})
  set(label ${CMAKE_MATCH_2})
  math(EXPR expected "${expected} + 1")
  string(REGEX REPLACE "^0+" "" version ${number})
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${path}: the next migration has the number ${expected}")
  endif()
  file(READ ${path} sql)
  string(APPEND entries "    {${version}, \"${label}\", R\"pulse_sql(${sql})pulse_sql\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Written by cmake/EmbedMigrations.cmake from migrations/*.sql.
#include <array>

#include \"store/migrations.hpp\"

namespace store {

std::span<const Migration> embedded_migrations() {
  static constexpr std::array<Migration, ${expected}> migrations{{
${entries}  }};
  return migrations;
}

}  // namespace store
")
