# The gateway alone, for servers of your own: docs/operations.md. Needs at least GATEWAY_DATABASE_URL, GATEWAY_REDIS_URL,
# GATEWAY_JWT_PUBLIC_KEY, GATEWAY_JWT_ISSUER and GATEWAY_JWT_AUDIENCE; migrate with `docker run … migrate` first.

FROM python:3.11-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

# Node stays in this stage.
FROM packages AS explorer
COPY requirements-explorer.txt ./
RUN pip install --require-hashes -r requirements-explorer.txt
COPY app app
COPY explorer explorer
RUN python -m app.explorer.build

FROM packages AS project
COPY pyproject.toml README.md ./
COPY app app
COPY etl etl
COPY migrations migrations
COPY resolvers resolvers
COPY schema schema
COPY security security
COPY --from=explorer /src/app/explorer/static/live app/explorer/static/live
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/gateway gateway
COPY --from=project /opt/gateway /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 GATEWAY_HOST=0.0.0.0
USER gateway
WORKDIR /var/lib/gateway
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["gateway"]
CMD ["serve"]
