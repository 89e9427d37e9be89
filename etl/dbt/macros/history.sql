{#- Versions of a table's rows, from the log (slowly changing dimension of type 2).

    A version holds from its commit until the next change of one of `columns`; the first one that is known holds since
    1900, because what was before the log began was not different as far as anyone knows. Deletion ends a version.
    Of several changes in one transaction only the last is a version. Values that PostgreSQL did not send because they
    are long and unchanged (a bit of `_unchanged`) come from the version before. -#}
{% macro versions(table, key, columns) %}
  {%- set log = source('raw', table ~ '__log') %}
  {%- set positions = column_positions(table) %}
  select
    id as {{ key }},
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    valid_from,
    valid_to,
    valid_to is null as is_current
  from (
    select
      *,
      case when earlier is null then {{ since_ever() }} else _committed_at end as valid_from,
      lead(_committed_at) over (partition by id order by _commit_lsn, _seq) as valid_to
    from (
      select *, lag(_seq) over (partition by id order by _commit_lsn, _seq) as earlier
      from (
        select
          *,
          {%- for column in columns %}
          lag({{ column }}) over (partition by id order by _commit_lsn, _seq) as before_{{ column }},
          {%- endfor %}
          lag(is_deleted) over (partition by id order by _commit_lsn, _seq) as before_deleted
        from (
          select
            id, _commit_lsn, _seq, is_deleted,
            {{ held_since('id') }} as _committed_at,
            {%- for column in columns %}
            last_value(case when is_deleted or not {{ is_unsent(positions[column]) }} then {{ boxed(column) }} end ignore nulls) over (
              partition by id order by _commit_lsn, _seq rows between unbounded preceding and current row
            ).v as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
          from (
            select
              _key as id, _commit_lsn, _seq, _committed_at, _unchanged, _op = 3 as is_deleted, {{ columns | join(', ') }}
            from {{ log }}
            where _key is not null
            union all
            {#- Copied when the log began, and never changed since. #}
            select
              id, 0, 0, {{ since_ever() }}, 0, false, {{ columns | join(', ') }}
            from {{ source('raw', table ~ '__base') }}
            where id not in (select _key from {{ log }} where _key is not null)
              and not exists (select 1 from {{ log }} where _op = 4)
            union all
            select
              known._key, emptied._commit_lsn, emptied._seq, emptied._committed_at, 0, true, {% for column in columns %}null{{ ', ' if not loop.last }}{% endfor %}
            from {{ log }} as emptied
            inner join (select _key, min(_commit_lsn) as since from {{ log }} where _key is not null group by _key) as known
              on known.since <= emptied._commit_lsn
            where emptied._op = 4
          ) as changes
          qualify row_number() over (partition by id, _commit_lsn order by _seq desc) = 1
        ) as filled
      ) as compared
      where before_deleted is null or is_deleted <> before_deleted
      {%- for column in columns %} or {{ column }} is distinct from before_{{ column }}{% endfor %}
    ) as changed
  ) as dated
  where not is_deleted
{% endmacro %}

{#- The condition by which a row's version is found that held at the moment of a fact. -#}
{% macro is_version_at(versions, key, facts, moment) -%}
  {{ versions }}.{{ key }} = {{ facts }}.{{ key }} and {{ versions }}.valid_from <= {{ facts }}.{{ moment }}
  and ({{ versions }}.valid_to is null or {{ versions }}.valid_to > {{ facts }}.{{ moment }})
{%- endmacro %}

{#- Since when a change holds: the changes' order is that of commits, and none holds before one that was earlier. Clocks
    step back, and copied rows carry the time at which they were read. BigQuery's copies at LSN 0, which begin a log
    anew, come before every change and move none. -#}
{% macro held_since(key) -%}
  coalesce(
    max(case when _commit_lsn > 0 then _committed_at end) over (
      partition by {{ key }} order by _commit_lsn, _seq rows between unbounded preceding and current row
    ),
    _committed_at
  )
{%- endmacro %}

{#- The place of each column in its table, by which `_unchanged` marks it. -#}
{% macro column_positions(table) %}
  {% set positions = {} %}
  {% if execute %}
    {% for found in graph.sources.values() if found.source_name == 'raw' and found.name == table %}
      {% for column in found.columns %}{% do positions.update({column: loop.index0}) %}{% endfor %}
    {% endfor %}
  {% endif %}
  {{ return(positions) }}
{% endmacro %}

{% macro is_unsent(position) %}((_unchanged >> {{ position or 0 }}) & 1) = 1{% endmacro %}

{% macro boxed(column) %}{{ return(adapter.dispatch('boxed')(column)) }}{% endmacro %}
{% macro duckdb__boxed(column) %}struct_pack(v := {{ column }}){% endmacro %}
{% macro bigquery__boxed(column) %}struct({{ column }} as v){% endmacro %}
