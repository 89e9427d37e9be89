{#- A daily snapshot's last recorded day may have been taken before it ended, so each run takes it again. BigQuery
    overwrites that day's partition; on DuckDB it is deleted first. -#}
{% macro clear_last_day(day) %}
  {% if is_incremental() and target.type != 'bigquery' %}
    delete from {{ this }} where {{ day }} = (select max({{ day }}) from {{ this }})
  {% endif %}
{% endmacro %}

{#- The first day that has no final snapshot. -#}
{% macro first_open_day(day) -%}
  (
    select {{ 'max(' ~ day ~ ')' if target.type == 'bigquery' else add_days('max(' ~ day ~ ')', 1) }}
    from {{ this }} where {{ every_day(day) }}
  )
{%- endmacro %}
