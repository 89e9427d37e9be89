{#- A model's schema is its layer: staging, intermediate, core, marts. Where one project holds several warehouses
    (BigQuery), the dataset of the profile stands before it. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ layer_schema(custom_schema_name or target.schema) }}
{%- endmacro %}

{% macro layer_schema(layer) -%}
  {%- if target.type == 'bigquery' and target.schema != layer -%}{{ target.schema }}_{{ layer }}{%- else -%}{{ layer }}{%- endif -%}
{%- endmacro %}
